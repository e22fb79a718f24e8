import { LINK_SCHEME } from './arguments.ts';

/** Which addresses the console's window may go to, and where a link from outside leads. */

/** `own`: a page of the box. `outside`: for the system's browser. `refused`: for nobody. */
export type AddressVerdict = 'own' | 'outside' | 'refused';

/** Where recorded files lie: COS under its own names. */
const COS_HOST = /\.(myqcloud\.com|tencentcos\.(cn|com))$/;
const RECORDING_LINK = new RegExp(`^${LINK_SCHEME}://recording/([A-Za-z0-9-]{1,64})/?$`, 'i');

/**
 * Judges an address that a page of the box wants to open.
 * @param origin of the box, as `new URL(…).origin` gives it
 * @param cosEndpoint what takes the place of COS, or null
 */
export function judgeAddress(address: string, origin: string, cosEndpoint: string | null): AddressVerdict {
  if (!URL.canParse(address)) return 'refused';
  const url = new URL(address);
  if (url.username !== '' || url.password !== '') return 'refused';
  if (url.origin === origin) return 'own';
  if (cosEndpoint !== null && url.origin === new URL(cosEndpoint).origin) return 'outside';
  return url.protocol === 'https:' && COS_HOST.test(url.hostname) ? 'outside' : 'refused';
}

/** Place in the console that a deep link means; null for everything that is no link to a recording. */
export function placeOfLink(link: string): string | null {
  const [, id] = RECORDING_LINK.exec(link) ?? [];
  return id === undefined ? null : `/recordings/${id}`;
}

/** Address of a place in the console. */
export function consoleAddress(boxUrl: string, place: string): string {
  return `${new URL(boxUrl).origin}/#${place}`;
}

/** The address under which this machine reaches a box: one that listens everywhere also listens on the loopback. */
export function loopbackAddress(boxUrl: string): string {
  const url = new URL(boxUrl);
  if (url.hostname === '0.0.0.0') url.hostname = '127.0.0.1';
  if (url.hostname === '[::]') url.hostname = '[::1]';
  return url.origin;
}
