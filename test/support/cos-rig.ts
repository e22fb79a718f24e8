import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type CosClient, type CosClientOptions, createCosClient } from '../../main/delivery/cos/cos-client.ts';
import { createMemoryJournal, type UploadJournal } from '../../main/delivery/cos/journal.ts';
import { type UploadDeps, type UploadOutcome, type UploadPlan, uploadObject } from '../../main/delivery/cos/upload.ts';
import {
  type CosServer,
  type CosServerOptions,
  type Operation,
  startCosServer,
} from '../../main/selftest/cos-server/index.ts';
import { freePort } from './free-port.ts';

export const BUCKET = 'rec-1250000000';
export const REGION = 'ap-shanghai';
export const CREDENTIAL = { secretId: 'AKIDrig', secretKey: 'rig-secret-key' };
export const KEY = 'trtc/file.mp4';
export const MIB = 1024 ** 2;

const MAX_ATTEMPTS = 4;

/** A local COS server with a working folder, and short ways to upload to it with the real SDK. */
export interface CosRig {
  server: CosServer;
  directory: string;
  /** Creates a file of random bytes. */
  file(name: string, bytes: number): Promise<string>;
  client(options?: Partial<CosClientOptions>): CosClient;
  /** One attempt with small parts (1 MiB, multipart from 2 MiB). */
  upload(filePath: string, options?: UploadOptions): Promise<UploadOutcome>;
  /**
   * Attempts until the file is delivered; returns how each ended (`later SlowDown`, …, `done`). Throws unless the object is the file,
   * byte for byte, and no upload is left open.
   */
  deliver(filePath: string, journal: UploadJournal): Promise<string[]>;
  /** SHA-256 of the object's bytes on the server, or null when there is none. */
  objectHash(key: string): Promise<string | null>;
  /** How many requests of this kind came, with any status. */
  count(operation: Operation): number;
  /** Numbers of the parts that arrived, in order of arrival. */
  partNumbers(): number[];
  /** Stops the server and starts another on the same folder and port. */
  restartServer(): Promise<void>;
  close(): Promise<void>;
}

export interface UploadOptions extends Partial<UploadPlan> {
  client?: CosClient;
  journal?: UploadJournal;
  signal?: AbortSignal;
  deps?: Partial<UploadDeps>;
}

export async function startCosRig(options: Partial<CosServerOptions> = {}): Promise<CosRig> {
  const directory = await mkdtemp(path.join(tmpdir(), 'cos-rig-'));
  const clients: CosClient[] = [];
  const start = (port: number): Promise<CosServer> =>
    startCosServer({ directory: path.join(directory, 'cos'), port, credentials: [CREDENTIAL], ...options });
  const rig: CosRig = {
    server: await start(await freePort()),
    directory,
    async file(name, bytes) {
      const target = path.join(directory, name);
      await writeFile(target, randomBytes(bytes));
      return target;
    },
    client(overrides = {}) {
      const base = { region: REGION, bucket: BUCKET, endpoint: rig.server.url, timeoutMs: 30_000, ...CREDENTIAL };
      const client = createCosClient({ ...base, ...overrides });
      clients.push(client);
      return client;
    },
    async upload(filePath, { client, journal, signal, deps, ...plan } = {}) {
      const whole = {
        path: filePath,
        key: KEY,
        contentType: 'video/mp4',
        multipartFromBytes: 2 * MIB,
        partBytes: MIB,
      };
      const using = client ?? rig.client();
      const used = { client: using, journal: journal ?? createMemoryJournal(), ...deps };
      try {
        return await uploadObject(used, { ...whole, ...plan }, signal ?? new AbortController().signal);
      } finally {
        // As the box does after each attempt: the SDK might still repeat what nobody waits for any more.
        if (client === undefined) using.close();
      }
    },
    async deliver(filePath, journal) {
      const ends: string[] = [];
      for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
        const outcome = await rig.upload(filePath, { journal });
        ends.push(labelOf(outcome));
        if (outcome.kind !== 'done') continue;
        if ((await rig.objectHash(KEY)) !== (await hashFile(filePath))) throw new Error('the object is not the file');
        if (rig.server.orphans().length > 0) throw new Error('an upload was left open');
        return ends;
      }
      throw new Error(`not delivered: ${ends.join(', ')}`);
    },
    async objectHash(key) {
      const found = await rig.server.findObjectFile(BUCKET, key);
      return found === null ? null : hashFile(found);
    },
    count: (operation) => rig.server.requests.filter((request) => request.operation === operation).length,
    partNumbers: () =>
      rig.server.requests.flatMap((request) => (request.partNumber === null ? [] : [request.partNumber])),
    async restartServer() {
      const { port } = rig.server;
      await rig.server.close();
      rig.server = await start(port);
    },
    async close() {
      for (const client of clients) client.close();
      await rig.server.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
  return rig;
}

export async function hashFile(file: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(file))
    .digest('hex');
}

/** Kind and code of an outcome; throws when it holds anything secret. */
export function labelOf(outcome: UploadOutcome): string {
  if (/rig-secret-key|q-signature|tmp-token/.test(JSON.stringify(outcome)))
    throw new Error('the outcome holds a secret');
  return outcome.kind === 'done' ? 'done' : `${outcome.kind} ${outcome.code}`;
}
