/** Writes docs/postman.json out of the table of routes: `node main/dev/postman.ts`. A test compares the two. */
import { writeFileSync } from 'node:fs';
import { postmanText } from './postman-collection.ts';

writeFileSync(new URL('../../docs/postman.json', import.meta.url), postmanText());
