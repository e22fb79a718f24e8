import { readFile } from 'node:fs/promises';
import path from 'node:path';
import BetterSqlite3 from 'better-sqlite3';
import type { CallbackReceiver, ReceivedCallback } from '../../../main/selftest/callback-receiver.ts';
import type { CosServer } from '../../../main/selftest/cos-server/index.ts';
import { DATABASE_FILE } from '../../../main/store/database.ts';
import type { RecordingState } from '../../../shared/recording.ts';
import type { RecordingView } from '../../../shared/view.ts';
import type { TestBox } from '../../support/box.ts';
import { decodeComplaints } from '../../support/media.ts';
import { rightSeconds } from './counter-clip.ts';
import type { Known } from './recorded-run.ts';

/** What may be missing of a recording before the cut. */
const LOST_AT_MOST_SECONDS = 3;
/** First picture and sound, last fragment: what also an undisturbed recording may be shorter than its room. */
const SLACK_SECONDS = 0.5;
const END_TIMEOUT_MS = 180_000;
const POLL_MS = 100;
const AGAIN_MS = 2_500;
/** Strays are looked for every ten seconds. */
const ORPHANS_GONE_WITHIN_MS = 30_000;
const BUCKET = 'test-123456789';

export interface Judged {
  /** What is wrong; empty when the promise was kept. */
  problems: string[];
  /** Seconds before the cut that are missing, worst recording. */
  lostSeconds: number;
  delivered: number;
  /** Why the others failed, truthfully: nothing of them was on the disk yet. */
  failures: string[];
}

export interface CutFacts {
  /** Wall clock of the cut, ms since 1970. */
  atMs: number;
  known: readonly Known[];
  /** What was posted before the cut. */
  earlier: readonly ReceivedCallback[];
  /** How many were posted, by whomever, before this boot. */
  receivedBefore: number;
}

interface Scene {
  box: TestBox;
  cos: CosServer;
  receiver: CallbackReceiver;
  ffmpegPath: string;
  cut: CutFacts;
}

/** Lets a box that was booted after a cut work to the end, and judges it by the promise: nothing accepted is forgotten or lost. */
export async function judgeBox(scene: Scene): Promise<Judged> {
  const { box, cut, cos } = scene;
  const judged: Judged = { problems: [], lostSeconds: 0, delivered: 0, failures: [] };
  const views = await ended(box);
  for (const { id } of views) {
    if (!cut.known.some((one) => one.id === id)) judged.problems.push(`recording ${id} was never asked for`);
  }
  for (const one of cut.known) {
    const view = views.find(({ id }) => id === one.id);
    if (view) await judgeRecording(scene, one, view, judged);
    else if (one.answeredAtMs <= cut.atMs) judged.problems.push(`${one.label}: accepted, and forgotten`);
  }
  const deadline = performance.now() + ORPHANS_GONE_WITHIN_MS;
  while (cos.orphans().length > 0 && performance.now() < deadline) await pause();
  if (cos.orphans().length > 0) judged.problems.push(`${cos.orphans().length} uploads were left open`);
  return judged;
}

const pause = () => new Promise((resolve) => setTimeout(resolve, POLL_MS));

const UNDER_WAY: readonly RecordingState[] = ['accepted', 'joining', 'waiting'];

/** All recordings once they are over; those that have recorded again for a while are stopped, nobody watches a room to its end. */
async function ended(box: TestBox): Promise<RecordingView[]> {
  const startedMs = performance.now();
  const deadline = startedMs + END_TIMEOUT_MS;
  const stopped = new Set<string>();
  for (;;) {
    const views = await box.list();
    const isOver = ({ state }: RecordingView) => state === 'done' || state === 'failed';
    if (views.every(isOver)) return views;
    for (const { id, state } of views) {
      if (state !== 'recording' || stopped.has(id) || performance.now() - startedMs < AGAIN_MS) continue;
      stopped.add(id);
      await box.post(`/api/recordings/${id}/stop`, {});
    }
    if (performance.now() > deadline) {
      const waiting = views.filter((view) => !isOver(view));
      const told = waiting.map(({ id, state, attempts, blocked }) => ({ id, state, attempts, blocked }));
      const hint = waiting.some(({ state }) => UNDER_WAY.includes(state)) ? 'the room was not entered again' : '';
      throw new Error(`not over in time ${hint}: ${JSON.stringify(told)}`);
    }
    await pause();
  }
}

async function judgeRecording(scene: Scene, one: Known, view: RecordingView, judged: Judged): Promise<void> {
  const { cut, receiver } = scene;
  const problem = (text: string) => judged.problems.push(`${one.label}: ${text}`);
  const footage = footageSeconds(one, cut.atMs);
  const must = Math.min(one.roomSeconds - SLACK_SECONDS, footage - LOST_AT_MOST_SECONDS);
  if (view.state === 'failed') {
    judged.failures.push(`${one.label} after ${footage.toFixed(1)} s: ${view.failure?.code} ${view.failure?.message}`);
    if (must > 0) problem(`failed (${view.failure?.message}) although ${footage.toFixed(1)} s were recorded`);
    if (!view.failure?.message) problem('failed without a reason');
  } else {
    judged.delivered += 1;
    for (const text of await judgeFile(scene, view)) problem(text);
    const [file] = view.files;
    const right = file?.localPath ? await rightSeconds(scene.ffmpegPath, file.localPath) : 0;
    if (right < must) problem(`${right.toFixed(1)} s are right, ${footage.toFixed(1)} s were recorded before the cut`);
    judged.lostSeconds = Math.max(judged.lostSeconds, footage - Math.max(right, 0));
  }
  const isOurs = ({ path: to }: ReceivedCallback) => to === `/${one.label}`;
  const told = [...cut.earlier, ...receiver.received.slice(cut.receivedBefore)].filter(isOurs);
  if (told.length === 0) problem('its caller was not told');
  if (new Set(told.map(({ headers }) => headers['x-delivery-id'])).size > 1) problem('told under two delivery ids');
  if (new Set(told.map(({ body }) => body)).size > 1) problem('told two different results');
}

async function judgeFile({ cos, ffmpegPath }: Scene, view: RecordingView): Promise<string[]> {
  const [file] = view.files;
  if (view.files.length !== 1 || !file?.localPath) return [`has ${view.files.length} files`];
  const problems: string[] = [];
  const complaints = await decodeComplaints(ffmpegPath, file.localPath);
  if (complaints !== '') problems.push(`its file does not decode: ${complaints.slice(0, 300)}`);
  const object = await cos.findObjectFile(BUCKET, file.objectKey);
  if (object === null) problems.push('its object is missing');
  else if (!(await readFile(object)).equals(await readFile(file.localPath)))
    problems.push('its object is another file');
  return problems;
}

/** How long it had recorded when power was cut. */
function footageSeconds({ end, roomSeconds }: Known, cutAtMs: number): number {
  if (end.startedAt === null) return 0;
  return Math.min(roomSeconds, Math.max(0, (cutAtMs - Date.parse(end.startedAt)) / 1000));
}

/** Rows that were set aside; after a power cut there is no reason for any. The box must have ended. */
export function quarantined(dataDirectory: string): string[] {
  const db = new BetterSqlite3(path.join(dataDirectory, DATABASE_FILE), { readonly: true });
  try {
    const rows = db.prepare<[], { what: string }>(`SELECT table_name || ' ' || reason AS what FROM quarantine`).all();
    const health = db.pragma('integrity_check', { simple: true });
    return [...rows.map(({ what }) => `set aside: ${what}`), ...(health === 'ok' ? [] : [`database: ${health}`])];
  } finally {
    db.close();
  }
}
