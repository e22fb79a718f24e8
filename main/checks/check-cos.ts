import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import type { COS_CHECK_STEPS } from '../../shared/api/check-routes.ts';
import { CHECK_TEXTS, filled } from '../../shared/texts/checks.ts';
import type { Text } from '../../shared/texts/language.ts';
import { REMEDIES, type RemedyName } from '../../shared/texts/remedies.ts';
import { classifyCosError } from '../delivery/cos/classify.ts';
import type { CosClient } from '../delivery/cos/cos-client.ts';
import { CosError, toCosError } from '../delivery/cos/cos-error.ts';
import { proves } from '../delivery/cos/proof.ts';
import { crc64 } from '../delivery/crc64.ts';
import type { CheckStep } from './check-step.ts';

export type CosCheckStep = CheckStep & { name: (typeof COS_CHECK_STEPS)[number]; tookMs: number };

export interface CosCheckOptions {
  client: CosClient;
  /** Where to put the tiny object; nobody else's. */
  key: string;
  /** Whose keys the client has: what to do about bad ones depends on it. */
  keys: 'given' | 'destination' | 'box';
  /** COS's clock less ours, as far as it is known by now. */
  clockDifferenceMs(): number | null;
  /** Monotonic milliseconds. */
  nowMs(): number;
  signal: AbortSignal;
}

const CONTENT = Buffer.from('Written by TRTC Recorder to test its access to COS. It may be deleted.\n');
const CONTENT_TYPE = 'text/plain; charset=utf-8';
/** A second each for the rounding of the answer's date and the line. */
const CLOCK_TOLERANCE_MS = 60_000;

/** Does with one bucket what a delivery does, on a small scale, and tells how each step went. Never rejects. */
export async function checkCos(options: CosCheckOptions): Promise<CosCheckStep[]> {
  const steps: CosCheckStep[] = [];
  const isBroken = (): boolean => steps.some(({ state }) => state === 'failed');
  const run = async (name: CosCheckStep['name'], work: () => Promise<CheckStep>): Promise<void> => {
    const startedAtMs = options.nowMs();
    const outcome = isBroken()
      ? passed('skipped', CHECK_TEXTS.skipped)
      : await work().catch((thrown: unknown) => failureOf(thrown, options));
    steps.push({ name, tookMs: Math.round(options.nowMs() - startedAtMs), ...outcome });
  };
  await run('write', () => write(options));
  const isWritten = !isBroken();
  await run('read', () => read(options));
  await run('multipart', () => multipart(options));
  // What was written goes again, whatever became of the steps between.
  if (isWritten && isBroken()) await remove(options).catch(() => {});
  await run('delete', () => remove(options));
  steps.push({ name: 'clock', tookMs: 0, ...clockStep(options.clockDifferenceMs()) });
  return steps;
}

function passed(state: 'passed' | 'skipped', message: Text): CheckStep {
  return { state, code: null, message, remedy: null };
}

async function write({ client, key, signal }: CosCheckOptions): Promise<CheckStep> {
  const md5Base64 = createHash('md5').update(CONTENT).digest('base64');
  const upload = { body: Readable.from([CONTENT]), length: CONTENT.length, md5Base64 };
  await client.putObject(key, CONTENT_TYPE, upload, signal);
  return passed('passed', CHECK_TEXTS.written);
}

async function read({ client, key, signal }: CosCheckOptions): Promise<CheckStep> {
  const facts = await client.head(key, signal);
  if (facts === null) {
    return { state: 'failed', code: 'ObjectMismatch', message: CHECK_TEXTS.gone, remedy: REMEDIES.checkPortal };
  }
  if (proves(facts, { bytes: CONTENT.length, crc64: crc64(CONTENT) })) return passed('passed', CHECK_TEXTS.proven);
  const remedy = REMEDIES.checkIntegrity;
  return { state: 'failed', code: 'ObjectMismatch', message: CHECK_TEXTS.noChecksum, remedy };
}

async function multipart({ client, key, signal }: CosCheckOptions): Promise<CheckStep> {
  const uploadId = await client.init(key, CONTENT_TYPE, signal);
  await client.abort(key, uploadId, signal);
  return passed('passed', CHECK_TEXTS.multipart);
}

async function remove({ client, key, signal }: CosCheckOptions): Promise<CheckStep> {
  try {
    await client.deleteObject(key, signal);
    return passed('passed', CHECK_TEXTS.deleted);
  } catch (thrown) {
    const { code } = toCosError(thrown, 'deleteObject');
    return { state: 'noted', code, message: filled('stays', { key }), remedy: null };
  }
}

function failureOf(thrown: unknown, { keys, signal }: CosCheckOptions): CheckStep {
  const error = thrown instanceof CosError ? thrown : toCosError(thrown, 'readFile');
  const { code, operation, statusCode } = error;
  if (signal.aborted) {
    return { state: 'failed', code: 'Deadline', message: CHECK_TEXTS.tooLate, remedy: REMEDIES.checkLine };
  }
  if (operation === 'head' && statusCode === 403) {
    return { state: 'failed', code: 'HeadForbidden', message: CHECK_TEXTS.headForbidden, remedy: REMEDIES.allowHead };
  }
  // What COS says is in English; it names the reason better than words of ours.
  const said = `${code}: ${error.message}`;
  const { remedy } = classifyCosError(error);
  return { state: 'failed', code, message: { en: said, zh: said }, remedy: remedyOf(remedy ?? 'readMessage', keys) };
}

/** The remedies of deliveries speak of recordings; here somebody has the keys in his hands. */
function remedyOf(name: RemedyName, keys: CosCheckOptions['keys']): Text {
  if (name === 'newToken' || name === 'checkToken') return CHECK_TEXTS.giveNewToken;
  if (name !== 'checkKeys' && name !== 'giveKeys') return REMEDIES[name];
  return keys === 'box' ? CHECK_TEXTS.giveBoxKeys : CHECK_TEXTS.giveOtherKeys;
}

function clockStep(differenceMs: number | null): CheckStep {
  if (differenceMs === null) return passed('skipped', CHECK_TEXTS.clockUnknown);
  const offMs = Math.abs(differenceMs);
  if (offMs < CLOCK_TOLERANCE_MS) return passed('passed', CHECK_TEXTS.clockRight);
  const direction = differenceMs > 0 ? CHECK_TEXTS.slow : CHECK_TEXTS.fast;
  const message = filled('clockOff', { seconds: Math.round(offMs / 1000), direction });
  // The SDK makes up for it: whether COS puts up with it was told by the steps before.
  return { state: 'noted', code: 'RequestTimeTooSkewed', message, remedy: REMEDIES.checkClock };
}
