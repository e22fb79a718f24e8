import { BOX_ROUTES, HEALTH_ROUTES } from './box-routes.ts';
import { CAPACITY_ROUTES } from './capacity-routes.ts';
import { CHECK_ROUTES } from './check-routes.ts';
import { FILE_ROUTES } from './file-routes.ts';
import { PRESET_ROUTES } from './preset-routes.ts';
import { DROP_IN_ROUTE, RECORDING_ROUTES } from './recording-routes.ts';
import { SESSION_ROUTES } from './session-routes.ts';

/** Every address of the box but those of the cloud function (`POST /`, `POST /release/…`), which answer as it did, and the page. */
export const ROUTES = {
  ...RECORDING_ROUTES,
  ...FILE_ROUTES,
  ...BOX_ROUTES,
  ...CHECK_ROUTES,
  ...CAPACITY_ROUTES,
  ...PRESET_ROUTES,
  ...SESSION_ROUTES,
  ...HEALTH_ROUTES,
};

/** What openapi.json, the page of the API and the Postman collection describe. */
export const DESCRIBED_ROUTES = { ...ROUTES, dropIn: DROP_IN_ROUTE };
