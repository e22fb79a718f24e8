import type { RecordingView } from '../../shared/view.ts';
import type { CosServer } from '../selftest/cos-server/index.ts';

/** COS goes away this long before the room is dissolved and comes back this long after the first failed try. */
const OFFLINE_BEFORE_END_MS = 6_000;
const OFFLINE_AFTER_FAILURE_MS = 4_000;
const POLL_MS = 250;
const BAR_WIDTH = 32;

const WORDS: Record<RecordingView['state'], string> = {
  accepted: 'accepted',
  joining: 'entering the room',
  waiting: 'in the room, nobody there yet',
  recording: 'recording',
  finalizing: 'finalizing the file',
  uploading: 'uploading',
  notifying: 'telling the caller',
  done: 'done',
  failed: 'failed',
};

function bar(share: number): string {
  const filled = Math.round(Math.min(1, Math.max(0, share)) * BAR_WIDTH);
  return `[${'█'.repeat(filled)}${'░'.repeat(BAR_WIDTH - filled)}]`;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

/** What changed between two looks, in words. */
function news(before: RecordingView | null, now: RecordingView): string[] {
  const lines: string[] = [];
  const known = before?.participants ?? [];
  for (const [index, stay] of now.participants.entries()) {
    if (!known[index])
      lines.push(`+ ${stay.userId} entered at ${seconds(stay.enteredAtMs)} (slot ${stay.slot ?? 'waiting'})`);
    if (stay.leftAtMs !== null && known[index]?.leftAtMs == null) {
      lines.push(`- ${stay.userId} left at ${seconds(stay.leftAtMs)}`);
    }
  }
  if (before?.state !== now.state) lines.push(`${WORDS[now.state]}${now.endReason ? ` (${now.endReason})` : ''}`);
  return lines;
}

/** Follows a recording to its end, draws a progress bar on a terminal, and takes COS away for a while near the end. */
export async function watchRecording(options: {
  url: string;
  id: string;
  lengthMs: number;
  cos: Pick<CosServer, 'setOffline'>;
  timeoutMs: number;
  say(text: string): void;
}): Promise<RecordingView> {
  const { url, id, lengthMs, cos, timeoutMs, say } = options;
  const terminal = process.stdout.isTTY === true;
  const deadline = performance.now() + timeoutMs;
  let before: RecordingView | null = null;
  let line: 'up' | 'cut' | 'failed' | 'restored' = 'up';
  let failedAt = 0;
  const tell = (text: string) => say(`${terminal ? '\r\u001b[K' : ''}  ${text}`);
  while (performance.now() < deadline) {
    const view = (await (await fetch(`${url}/api/recordings/${id}`)).json()) as RecordingView;
    for (const text of news(before, view)) tell(text);
    if (line === 'up' && view.durationMs >= lengthMs - OFFLINE_BEFORE_END_MS) {
      await cos.setOffline(true);
      line = 'cut';
      tell('! the line to COS is cut');
    }
    if (line === 'cut' && view.state === 'uploading' && view.nextAttemptAt !== null) {
      line = 'failed';
      failedAt = performance.now();
      tell('! upload failed, the file is safe on disk; the box tries again by itself');
    }
    if (line === 'failed' && performance.now() - failedAt >= OFFLINE_AFTER_FAILURE_MS) {
      await cos.setOffline(false);
      line = 'restored';
      tell('! the line to COS is back');
    }
    if (view.state === 'done' || view.state === 'failed') {
      if (line !== 'restored') await cos.setOffline(false);
      return view;
    }
    if (terminal) process.stdout.write(`\r\u001b[K  ${progress(view, lengthMs)}`);
    before = view;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  throw new Error(`the recording was not delivered within ${timeoutMs / 1000} s; see ${url}/api/recordings/${id}`);
}

function progress(view: RecordingView, lengthMs: number): string {
  if (view.state === 'recording') return `${bar(view.durationMs / lengthMs)} ${seconds(view.durationMs)} recorded`;
  const file = view.files[0];
  if (view.state === 'uploading' && file) return `${bar(file.uploadedBytes / file.bytes)} try ${view.attempts}`;
  return WORDS[view.state];
}
