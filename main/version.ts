import { createRequire } from 'node:module';
import { productPath } from './product-root.ts';

const { version } = createRequire(import.meta.url)(productPath('package.json')) as { version: string };

/** Version of the box, from package.json. */
export const VERSION = version;
