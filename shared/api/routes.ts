import { BOX_ROUTES, HEALTH_ROUTES } from './box-routes.ts';
import { FILE_ROUTES } from './file-routes.ts';
import { RECORDING_ROUTES } from './recording-routes.ts';

/** Every address of the box but those of the cloud function (`POST /`, `POST /release/…`), which answer as it did, and the page. */
export const ROUTES = { ...RECORDING_ROUTES, ...FILE_ROUTES, ...BOX_ROUTES, ...HEALTH_ROUTES };
