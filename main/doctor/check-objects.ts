import { existsSync } from 'node:fs';
import type { CosClient } from '../delivery/cos/cos-client.ts';
import { type CosError, toCosError } from '../delivery/cos/cos-error.ts';
import { isTerminal } from '../recordings/transitions.ts';
import type { FileRow, RecordingRow } from '../store/rows.ts';
import type { Store } from '../store/store.ts';
import { allRecordings, type Finding, finding } from './finding.ts';

export interface ObjectsCheck {
  store: Store;
  /** A client with the recording's keys, else the box's; null when there are none. Throws SecretError. */
  clientFor(recording: RecordingRow): CosClient | null;
  /** Also asks for uploads that were left open, one more call per object. */
  deep: boolean;
}

/** An object that nobody has: what is asked for it proves keys, signature, bucket and clock at the price of one small call. */
const NO_OBJECT = 'trtc-recorder-box/doctor';

/** Asks COS about every object that rows call delivered, and whether the keys in use are accepted. Changes nothing. */
export async function checkObjects(check: ObjectsCheck): Promise<Finding[]> {
  const { store } = check;
  const credentials = await checkCredentials(check);
  const isReachable = !credentials.some(({ level }) => level === 'problem');
  const strays = store.strays.count();
  const findings = [...credentials];
  if (strays > 0) {
    findings.push(finding('objects', 'note', `${strays} uploads were given up; the box aborts them while it runs`));
  }
  const delivered = [...allRecordings(store)].flatMap((row) => {
    const files = [...store.files.list(row.id), ...[store.files.manifest(row.id)].filter((file) => file !== undefined)];
    return files.filter(({ state }) => state === 'uploaded').map((file) => ({ row, file }));
  });
  if (!isReachable) {
    const text = `${delivered.length} delivered objects were not looked at`;
    return [...findings, finding('objects', 'note', text, { remedy: 'First see to the credentials.' })];
  }
  let same = 0;
  let withoutKeys = 0;
  for (const { row, file } of delivered) {
    const found = await checkObject(check, row, file);
    if (found === 'same') same += 1;
    else if (found === 'noKeys') withoutKeys += 1;
    else findings.push(found);
    if (check.deep) findings.push(...(await openUploads(check, row, file)));
  }
  findings.push(finding('objects', 'ok', `${same} of ${delivered.length} have the size and CRC-64 of their files`));
  if (withoutKeys > 0) {
    const text = `${withoutKeys} could not be looked at: the keys of their requests are not kept after delivery`;
    findings.push(finding('objects', 'note', text, { remedy: 'Give the box keys of its own for these buckets.' }));
  }
  return findings;
}

type ObjectFinding = Finding | 'same' | 'noKeys';

async function checkObject(check: ObjectsCheck, row: RecordingRow, file: FileRow): Promise<ObjectFinding> {
  const about = `${row.cosBucket}/${file.objectKey}`;
  const answer = await ask(check, row, (client, signal) => client.head(file.objectKey, signal));
  if (answer === null) return 'noKeys';
  if (!answer.ok) {
    if (answer.error.statusCode === 403) return 'noKeys';
    return finding('objects', 'problem', describe(answer.error), { about, remedy: remedyOf(answer.error) });
  }
  const facts = answer.value;
  if (facts && facts.bytes === file.bytes && (facts.crc64 === null || facts.crc64 === file.crc64)) return 'same';
  const text = facts ? `is another object now (${facts.bytes} bytes instead of ${file.bytes})` : 'is gone from COS';
  if (existsSync(file.localPath)) {
    const repair = { kind: 'uploadAgain', recordingId: row.id, fileIndex: file.fileIndex } as const;
    return finding('objects', 'problem', `${text}; the local file is still there`, { about, repair });
  }
  const remedy = 'The box has no copy any more. Look for one where the file was fetched to.';
  return finding('objects', 'problem', `${text}, and so is the local file`, { about, remedy });
}

async function openUploads(check: ObjectsCheck, row: RecordingRow, file: FileRow): Promise<Finding[]> {
  if (!isTerminal(row.state)) return [];
  const answer = await ask(check, row, (client, signal) => client.listUploads(file.objectKey, signal));
  if (!answer?.ok || answer.value.length === 0) return [];
  const repair = { kind: 'abortUploads', recordingId: row.id, fileIndex: file.fileIndex } as const;
  const text = `${answer.value.length} uploads of it are still open, and billed`;
  return [finding('objects', 'problem', text, { about: `${row.cosBucket}/${file.objectKey}`, repair })];
}

/** One call for every bucket with the box's keys, and for every recording on its way that brought its own. */
async function checkCredentials(check: ObjectsCheck): Promise<Finding[]> {
  const { store } = check;
  const rows = new Map<string, RecordingRow>();
  for (const row of allRecordings(store)) {
    const isOwn = !row.usesStoredCredentials && !isTerminal(row.state);
    const key = isOwn ? row.id : `${row.cosRegion} ${row.cosBucket}`;
    if (isOwn || row.usesStoredCredentials) rows.set(key, rows.get(key) ?? row);
  }
  if (rows.size === 0) return [finding('credentials', 'note', 'no recording needs keys now, so none were tried')];
  const findings: Finding[] = [];
  for (const row of rows.values()) findings.push(await tryKeys(check, row));
  return findings;
}

async function tryKeys(check: ObjectsCheck, row: RecordingRow): Promise<Finding> {
  const whose = row.usesStoredCredentials ? "the box's keys" : `the keys of recording ${row.id}`;
  const about = `${row.cosBucket} (${row.cosRegion})`;
  const answer = await ask(check, row, (client, signal) => client.head(NO_OBJECT, signal));
  if (answer === null) {
    const remedy = 'Store COS keys in the console, or set RECORDER_COS_SECRET_ID and RECORDER_COS_SECRET_KEY.';
    return finding('credentials', 'problem', 'the box has no COS keys', { about, remedy });
  }
  if (answer.ok) return finding('credentials', 'ok', `${whose} are accepted`, { about });
  const text = `${whose}: ${describe(answer.error)}`;
  return finding('credentials', 'problem', text, { about, remedy: remedyOf(answer.error) });
}

type Answer<T> = { ok: true; value: T } | { ok: false; error: CosError };

/** One call with a client of its own; null when there are no keys. */
async function ask<T>(
  { clientFor }: ObjectsCheck,
  row: RecordingRow,
  call: (client: CosClient, signal: AbortSignal) => Promise<T>,
): Promise<Answer<T> | null> {
  let client: CosClient | null;
  try {
    client = clientFor(row);
  } catch {
    // Secrets that cannot be opened are a finding of their own.
    return null;
  }
  if (client === null) return null;
  try {
    return { ok: true, value: await call(client, AbortSignal.timeout(CALL_WITHIN_MS)) };
  } catch (error) {
    return { ok: false, error: toCosError(error, 'head') };
  } finally {
    client.close();
  }
}

const CALL_WITHIN_MS = 30_000;

function describe({ code, message, statusCode, requestId }: CosError): string {
  const status = statusCode === null ? '' : ` ${statusCode}`;
  return `COS answered${status} ${code}: ${message}${requestId ? ` (request ${requestId})` : ''}`;
}

function remedyOf({ origin, code, statusCode }: CosError): string {
  if (/Skewed/i.test(code)) return "The machine's clock is wrong: let it follow a time server.";
  if (statusCode === 403) return 'Keys or their rights are wrong: store working ones in the console or by API.';
  if (statusCode === 404) return 'The bucket is not there, or in another region: correct the request.';
  if (origin === 'network') return 'COS cannot be reached: look at the line, the proxy and the firewall.';
  return 'Ask again later; when it stays, look the code up in the documentation of COS.';
}
