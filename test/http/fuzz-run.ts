import fc from 'fast-check';
import { exchange, parseResponses } from '../support/raw-http.ts';
import { type GeneratedRequest, generatedRequest } from './generated-requests.ts';
import { complaintAboutExchange } from './judge.ts';

export interface FuzzOptions {
  port: number;
  requests: number;
  seed?: number;
  /** Recordings that are there already. */
  ids?: readonly string[];
  /** Called now and then, with how many were sent. */
  onProgress?: (sent: number) => void;
}

export interface FuzzReport {
  sent: number;
  /** How many answers there were of each status; 0 for connections that were ended without one. */
  statuses: Record<string, number>;
}

const KNOWN_IDS = 50;
const PROGRESS_EVERY = 500;

/** Sends generated requests, one at a time. @throws with the smallest request found that the box answers wrongly */
export async function fuzz({ port, requests, seed, ids: known = [], onProgress }: FuzzOptions): Promise<FuzzReport> {
  const statuses: Record<string, number> = {};
  const ids: string[] = [...known];
  let sent = 0;
  const send = async ({ name, method, bytes }: GeneratedRequest): Promise<void> => {
    const result = await exchange({ port, write: (socket) => void socket.write(bytes), keepOpen: true });
    const complaint = complaintAboutExchange(result, [method], name);
    if (complaint) throw new Error(`${complaint}\nasked by ${bytes.subarray(0, 2_000).toString('latin1')}`);
    const [response] = result.ending === 'stream' ? [] : parseResponses(result.bytes, [method]);
    const status = result.ending === 'stream' ? 'stream' : String(response?.status ?? 0);
    statuses[status] = (statuses[status] ?? 0) + 1;
    const id = response?.headers['x-scf-reqid'];
    if (id && !ids.includes(id) && ids.push(id) > KNOWN_IDS) ids.shift();
    sent += 1;
    if (sent % PROGRESS_EVERY === 0) onProgress?.(sent);
  };
  const property = fc.asyncProperty(generatedRequest({ ids: () => ids }), send);
  await fc.assert(property, { numRuns: requests, ...(seed === undefined ? {} : { seed }), endOnFailure: true });
  return { sent, statuses };
}
