import { spawn } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { RecordingView } from '../../shared/view.ts';
import { createCosClient } from '../delivery/cos/cos-client.ts';
import { Crc64 } from '../delivery/crc64.ts';
import type { CallbackReceiver } from '../selftest/callback-receiver.ts';

const CALLBACK_TIMEOUT_MS = 10_000;
const DECODE_TIMEOUT_MS = 60_000;
const LENGTH_TOLERANCE_MS = 150;

export interface VerifyOptions {
  recording: RecordingView;
  cos: { url: string; secretId: string; secretKey: string };
  receiver: CallbackReceiver;
  ffmpegPath: string;
  expectedLengthMs: number;
  say(text: string): void;
}

/** Checks the recording as its receiver would: file, object, callback. Says each result; true only when all of them hold. */
export async function verifyDelivery(options: VerifyOptions): Promise<boolean> {
  const { recording, say } = options;
  say('');
  const file = recording.files[0];
  if (recording.state !== 'done' || !file?.localPath) {
    say(`✗ the recording ended as "${recording.state}": ${recording.failure?.message ?? 'no reason given'}`);
    return false;
  }
  const checks = [
    await checkFile(options, file.localPath),
    await checkObject(options, file.localPath),
    await checkCallback(options),
  ];
  for (const { ok, lines } of checks) {
    for (const [index, line] of lines.entries()) say(`${index === 0 ? (ok ? '✓' : '✗') : ' '} ${line}`);
  }
  const all = checks.every(({ ok }) => ok);
  say('');
  say(all ? 'All verified.' : 'Something above does not hold.');
  return all;
}

interface Check {
  ok: boolean;
  lines: string[];
}

/** The file opens, decodes without a complaint from end to end, and is as long as the room lived. */
async function checkFile({ ffmpegPath, expectedLengthMs }: VerifyOptions, path: string): Promise<Check> {
  const { size } = await stat(path);
  const { complaints, lengthMs } = await decode(ffmpegPath, path);
  const ok = complaints === '' && Math.abs(lengthMs - expectedLengthMs) <= LENGTH_TOLERANCE_MS;
  return {
    ok,
    lines: [
      `file      ${path}`,
      `          ${(lengthMs / 1000).toFixed(3)} s, ${size} bytes${complaints ? `, decoder says: ${complaints}` : ', decodes cleanly'}`,
    ],
  };
}

/** COS shows size and CRC-64 of the local file. */
async function checkObject({ cos, recording }: VerifyOptions, path: string): Promise<Check> {
  const { Bucket: bucket, Region: region } = recording.request.CosConfig;
  const client = createCosClient({
    region,
    bucket,
    secretId: cos.secretId,
    secretKey: cos.secretKey,
    endpoint: cos.url,
  });
  const key = recording.files[0]?.objectKey ?? '';
  try {
    const facts = await client.head(key, AbortSignal.timeout(CALLBACK_TIMEOUT_MS));
    const local = await fileCrc64(path);
    const ok = facts !== null && facts.crc64 === local && facts.bytes === (await stat(path)).size;
    return {
      ok,
      lines: [`object    ${bucket}/${key}`, `          CRC-64 ${facts?.crc64 ?? 'missing'} (local file: ${local})`],
    };
  } finally {
    client.close();
  }
}

/** The caller got the contract's result, naming the object that is in COS. */
async function checkCallback({ receiver, recording }: VerifyOptions): Promise<Check> {
  const { body, headers } = await receiver.waitFor(() => true, CALLBACK_TIMEOUT_MS);
  const result = JSON.parse(body) as { RoomId?: string; Files?: { RecordFile?: string; Status?: number }[] };
  const [entry] = result.Files ?? [];
  const ok =
    receiver.received.length === 1 &&
    result.RoomId === String(recording.request.RoomId) &&
    entry?.Status === 1 &&
    entry.RecordFile === recording.files[0]?.url;
  const pretty = JSON.stringify(result, null, 2).split('\n');
  return {
    ok,
    lines: [`callback  delivery ${headers['x-delivery-id']}`, ...pretty.map((line) => `          ${line}`)],
  };
}

async function fileCrc64(path: string): Promise<string> {
  const crc = new Crc64();
  for await (const chunk of createReadStream(path)) crc.update(chunk as Buffer);
  return crc.digest();
}

/** Decodes the whole file; returns what the decoder complained about and the time of the last picture's end. */
function decode(ffmpegPath: string, path: string): Promise<{ complaints: string; lengthMs: number }> {
  return new Promise((resolve, reject) => {
    const child = spawn(ffmpegPath, ['-nostdin', '-v', 'error', '-i', path, '-progress', 'pipe:1', '-f', 'null', '-'], {
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: DECODE_TIMEOUT_MS,
    });
    let complaints = '';
    let progress = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      complaints += text;
    });
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      progress += text;
    });
    child.on('error', reject);
    child.on('close', () => {
      const times = [...progress.matchAll(/out_time_ms=(\d+)/g)];
      resolve({ complaints: complaints.trim(), lengthMs: Number(times.at(-1)?.[1] ?? 0) / 1000 });
    });
  });
}
