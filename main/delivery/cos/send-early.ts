import type { CosClient } from './cos-client.ts';
import { CosError } from './cos-error.ts';
import { digestRange, type FileAccess, nodeFiles, type Throttle } from './file-access.ts';
import { type FileIdentity, GROWING, type UploadedPart, type UploadJournal, type UploadState } from './journal.ts';
import { MAX_PART_BYTES, MAX_PARTS, type PlannedPart, planParts } from './part-plan.ts';
import { PartSender } from './part-sender.ts';
import { UploadProgress } from './progress.ts';
import { withClock } from './with-clock.ts';

export interface EarlyDeps {
  client: CosClient;
  journal: UploadJournal;
  files?: FileAccess;
  throttle?: Throttle | undefined;
  /** Asked before each part; false ends the sending with a `CosError` of code `Paused`. */
  mayGoOn(): boolean;
}

export interface EarlyPlan {
  /** The growing file: what lies before `readyBytes` does not change any more. */
  path: string;
  readyBytes: number;
  key: string;
  contentType: string;
  /** Of a new upload; bytes. */
  partBytes: number;
}

/**
 * Sends the full parts of a file that still grows, one after another, and never completes the upload: that is for `uploadObject`, once the
 * journal has adopted the finished file. Rejects with `CosError` at the first failure; what was sent by then is in the journal.
 * @returns from how many bytes on there will be more to send
 * @param proven numbers of parts in the journal that are known to be this file's; those of others are read again. It is added to.
 */
export async function sendEarly(
  deps: EarlyDeps,
  plan: EarlyPlan,
  proven: Set<number>,
  signal: AbortSignal,
): Promise<number> {
  const { client, journal, files = nodeFiles, throttle, mayGoOn } = deps;
  const { path, readyBytes, key } = plan;
  let open = journal.load();
  if (open !== null && (open.key !== key || open.bucket !== client.bucket || open.region !== client.region)) {
    journal.abandon();
    open = null;
  }
  const partSize = open?.partSize ?? plan.partBytes;
  const count = Math.min(MAX_PARTS - 1, Math.floor(readyBytes / partSize));
  const moreFromBytes = count === MAX_PARTS - 1 ? Number.POSITIVE_INFINITY : (count + 1) * partSize;
  if (count === 0) return moreFromBytes;
  open ??= await begin(client, journal, plan, signal);
  const planned = planParts(count * partSize, partSize);
  const held = await heldParts({ files, path, parts: open.parts, planned, proven }, signal);
  const sender = new PartSender({
    ...{ client, files, path, key, signal, throttle, mayGoOn },
    progress: new UploadProgress(() => {}),
    concurrency: 1,
    save: (part) => journal.savePart(part),
  });
  try {
    await sender.sendMissing(open.uploadId, planned, held);
  } finally {
    for (const number of held.keys()) proven.add(number);
  }
  return moreFromBytes;
}

async function begin(
  client: CosClient,
  journal: UploadJournal,
  { key, contentType, partBytes }: EarlyPlan,
  signal: AbortSignal,
): Promise<UploadState> {
  const target = { bucket: client.bucket, region: client.region, key };
  journal.announce(target);
  const uploadId = await withClock(() => client.init(key, contentType, signal));
  const head = { uploadId, ...target, partSize: partBytes, identity: GROWING };
  journal.saveInit(head);
  return { ...head, parts: [] };
}

interface Holding {
  files: FileAccess;
  path: string;
  parts: readonly UploadedPart[];
  planned: readonly PlannedPart[];
  proven: ReadonlySet<number>;
}

/** The parts that are where they are planned and hold what the file holds there. */
async function heldParts(
  { files, path, parts, planned, proven }: Holding,
  signal: AbortSignal,
): Promise<Map<number, UploadedPart>> {
  const held = new Map<number, UploadedPart>();
  for (const part of parts) {
    const plan = planned[part.number - 1];
    if (plan?.offset !== part.offset || plan.length !== part.length || part.etag === '') continue;
    if (!proven.has(part.number)) {
      const { md5 } = await digestRange(files, path, part.offset, part.length, { signal });
      if (md5 !== part.md5) continue;
    }
    held.set(part.number, part);
  }
  return held;
}

export interface FinishedFileFacts {
  path: string;
  identity: FileIdentity;
}

/**
 * Which of the sent parts a finished file can use: those that it holds byte for byte. Null when its upload cannot be finished at all.
 * @param proven parts that need not be read again.
 */
export async function usableParts(
  open: UploadState,
  { path, identity }: FinishedFileFacts,
  proven: ReadonlySet<number>,
  signal: AbortSignal,
): Promise<Set<number> | null> {
  const planned = planParts(identity.size, open.partSize);
  if ((planned.at(-1)?.length ?? 0) > MAX_PART_BYTES) return null;
  const held = await heldParts({ files: nodeFiles, path, parts: open.parts, planned, proven }, signal);
  return new Set(held.keys());
}

/** Whether it was only the caller who ended the sending. */
export function isPaused(error: unknown): boolean {
  return error instanceof CosError && error.code === 'Paused';
}
