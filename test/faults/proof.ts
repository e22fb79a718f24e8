import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import type { RecordingView, ResultView } from '../../shared/view.ts';
import { decodeComplaints } from '../support/media.ts';
import { readCounted } from './counted-clip.ts';
import { type KillMark, type Loss, measureLoss } from './loss.ts';
import { type Accepted, BUCKET, listAll, objectKeys, patiently, type Site } from './site.ts';
import { waysOf } from './ways.ts';

/** Proofs by what lies outside the box: the object in COS, what the caller was told, what the file shows. */

export interface Proof {
  loss: Loss;
  /** CRC-64 of the bytes that lie in COS, as decimal text; null when there is no object. */
  objectCrc64: string | null;
  /** What is wrong, as sentences; empty when the recording is delivered as promised. */
  problems: string[];
}

/** More pictures left out than a busy moment costs. */
const SLOW_FROM_SKIPPED = 5;
const NO_LOSS: Loss = { holes: [], lostTails: [], problems: [] };

/**
 * A recording that should be delivered: its object, its callback and its content, which is read from the object.
 * What cannot be looked at is a problem of that recording, so one bad file never hides what became of the others.
 */
export async function proveDelivered(site: Site, accepted: Accepted, kills: readonly KillMark[]): Promise<Proof> {
  try {
    return await proof(site, accepted, kills);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { loss: NO_LOSS, objectCrc64: null, problems: [`cannot be proven: ${reason.slice(0, 300)}`] };
  }
}

async function proof(site: Site, accepted: Accepted, kills: readonly KillMark[]): Promise<Proof> {
  const { rig } = site;
  const view = await patiently(() => rig.box.get(accepted.id));
  const [file] = view.files;
  const objectPath = file ? await rig.cos.findObjectFile(BUCKET, file.objectKey) : null;
  if (view.state !== 'done' || view.failure !== null || !file || objectPath === null) {
    const { state, failure, blocked, attempts } = view;
    const facts = JSON.stringify({ state, failure, blocked, attempts, hasObject: objectPath !== null });
    return { loss: NO_LOSS, objectCrc64: null, problems: [`not delivered: ${facts}`] };
  }
  const object = await readFile(objectPath);
  const objectCrc64 = crc64Of(object);
  const problems = callbackProblems(site, accepted, view.result);
  if (view.files.length !== 1 || file.state !== 'uploaded') {
    problems.push(`has ${view.files.length} files, the first is "${file.state}"`);
  }
  if (file.crc64 !== objectCrc64) problems.push(`CRC-64 is told as ${file.crc64}, the object has ${objectCrc64}`);
  if (file.localPath !== null && !object.equals(await readFile(file.localPath))) {
    problems.push('the object and the local file differ');
  }
  problems.push(...(await leftovers(site, view)));
  const complaints = await decodeComplaints(rig.ffmpegPath, objectPath);
  if (complaints !== '') problems.push(`the object does not decode cleanly: ${complaints.slice(0, 300)}`);
  const loss = measureLoss({
    content: await readCounted(rig.ffmpegPath, objectPath),
    startedAtMs: Date.parse(view.startedAt ?? ''),
    roomSeconds: accepted.roomSeconds,
    kills,
    gaps: view.gaps,
    isEncoderSlow: view.pictures.skipped > SLOW_FROM_SKIPPED || (await waysOf(site, [accepted])).relieved > 0,
  });
  return { loss, objectCrc64, problems: [...problems, ...loss.problems] };
}

/** What lies in the folder of a delivered recording besides its file and its manifest. */
async function leftovers({ rig }: Site, { id, files }: RecordingView): Promise<string[]> {
  const folder = path.join(rig.box.dataDirectory, 'recordings', id);
  const own = files.flatMap(({ localPath }) => (localPath === null ? [] : [path.basename(localPath)]));
  const left = (await readdir(folder)).filter((name) => !own.includes(name) && !name.endsWith('.json'));
  return left.length === 0 ? [] : [`left in its folder: ${left}`];
}

/** At least one, all alike, and saying what the box's own API says. */
function callbackProblems(site: Site, { callbackPath }: Accepted, result: ResultView | null): string[] {
  const told = site.rig.receiver.received.filter(({ path: to }) => to === callbackPath);
  if (told.length === 0) return ['the caller was never told'];
  const problems: string[] = [];
  if (new Set(told.map(({ headers }) => headers['x-delivery-id'])).size !== 1) {
    problems.push(`${told.length} callbacks carry different delivery ids`);
  }
  if (new Set(told.map(({ body }) => body)).size !== 1) problems.push(`${told.length} callbacks have different bodies`);
  const body = JSON.parse(told[0]!.body) as ResultView;
  if (body.Files.length !== 1 || body.Files[0]?.Status !== 1) problems.push(`the caller was told ${told[0]!.body}`);
  if (JSON.stringify(body.Files) !== JSON.stringify(result?.Files))
    problems.push('API and callback tell different files');
  return problems;
}

const ORPHANS_GONE_WITHIN_MS = 60_000;

/** What must be true of the whole installation: nothing forgotten, nothing twice, nothing left behind in COS. */
export async function siteProblems(site: Site, accepted: readonly Accepted[]): Promise<string[]> {
  const problems: string[] = [];
  const views = await listAll(site);
  const wanted = new Set(accepted.map(({ id }) => id));
  if (wanted.size !== accepted.length) problems.push('two requests got the same recording');
  const strangers = views.filter(({ id }) => !wanted.has(id));
  if (strangers.length > 0) problems.push(`recordings that nobody was answered for: ${strangers.map(({ id }) => id)}`);
  if (views.length < wanted.size) problems.push(`${wanted.size - views.length} accepted recordings are forgotten`);
  const keys = await objectKeys(site);
  const known = new Set(views.flatMap(({ files }) => files.map(({ objectKey }) => objectKey)));
  const extra = keys.filter((key) => !known.has(key));
  if (extra.length > 0) problems.push(`objects of no recording, or twice: ${extra}`);
  const deadline = performance.now() + ORPHANS_GONE_WITHIN_MS;
  while (site.rig.cos.orphans().length > 0 && performance.now() < deadline) await pause();
  const orphans = site.rig.cos.orphans();
  if (orphans.length > 0) problems.push(`${orphans.length} orphaned uploads: ${orphans.map(({ key }) => key)}`);
  return problems;
}

const pause = () => new Promise((resolve) => setTimeout(resolve, 500));

const CRC64_POLYNOMIAL = 0xc96c5795d7870f42n;

let crcTable: BigUint64Array | null = null;

/** CRC-64/XZ as decimal text, by the book and not by the box's own code. */
export function crc64Of(bytes: Uint8Array): string {
  crcTable ??= BigUint64Array.from({ length: 256 }, (_, index) => {
    let value = BigInt(index);
    for (let bit = 0; bit < 8; bit += 1) value = value & 1n ? (value >> 1n) ^ CRC64_POLYNOMIAL : value >> 1n;
    return value;
  });
  // Two 32-bit halves: arithmetic with large integers would take seconds per file.
  const high = Uint32Array.from(crcTable, (value) => Number(value >> 32n));
  const low = Uint32Array.from(crcTable, (value) => Number(value & 0xffff_ffffn));
  let upper = 0xffff_ffff;
  let lower = 0xffff_ffff;
  for (let at = 0; at < bytes.length; at += 1) {
    const index = (lower ^ bytes[at]!) & 255;
    lower = ((lower >>> 8) | (upper << 24)) ^ low[index]!;
    upper = (upper >>> 8) ^ high[index]!;
  }
  const value = (BigInt(~upper >>> 0) << 32n) | BigInt(~lower >>> 0);
  return value.toString();
}
