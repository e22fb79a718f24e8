import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { vi } from 'vitest';
import type { Absence, CaptureJob } from '../../main/capture/messages.ts';
import { silentLogger } from '../../main/logging.ts';
import { Supervisor } from '../../main/recordings/supervisor.ts';
import type { RecordingRow } from '../../main/store/rows.ts';
import { openStore, type Store } from '../../main/store/store.ts';
import { captureJob } from './capture-session.ts';
import { createFakeHost, type FakeHost } from './fake-host.ts';
import { addRecording } from './new-recording.ts';

/** A supervisor over a real store in a temporary directory, a fake host and vitest's timers. */
export interface Supervised {
  readonly directory: string;
  readonly store: Store;
  readonly host: FakeHost;
  readonly supervisor: Supervisor;
  /** Recordings handed over to delivery, in order. */
  readonly finished: string[];
  /** Settable: what the next job is made of, or why it cannot be. */
  prepare: (row: RecordingRow, absence: Absence) => Promise<CaptureJob>;
  /** A recording that was just accepted and whose first process has been started. */
  launched(roomId?: number): Promise<string>;
  row(id: string): RecordingRow;
  events(id: string, type: string): Record<string, unknown>[];
  advance(durationMs: number): Promise<void>;
  close(): void;
}

export function createSupervised(): Supervised {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'], now: Date.UTC(2026, 0, 1) });
  const directory = mkdtempSync(path.join(tmpdir(), 'supervised-'));
  const store = openStore(directory, { now: Date.now });
  const host = createFakeHost();
  const finished: string[] = [];
  const box: Supervised = {
    directory,
    store,
    host,
    finished,
    prepare: async () => captureJob(),
    supervisor: new Supervisor({
      store,
      host,
      now: Date.now,
      log: silentLogger(),
      prepareJob: (row, absence) => box.prepare(row, absence),
      onFinished: (id) => finished.push(id),
    }),
    async launched(roomId = 1) {
      const { id } = addRecording(store, { roomId });
      box.supervisor.launch(id);
      await vi.advanceTimersByTimeAsync(0);
      return id;
    },
    row(id) {
      const row = store.recordings.get(id);
      if (!row) throw new Error(`no recording ${id}`);
      return row;
    },
    events: (id, type) =>
      store.events
        .list({ recordingId: id })
        .filter((event) => event.type === type)
        .map(({ data }) => data),
    advance: async (durationMs) => {
      await vi.advanceTimersByTimeAsync(durationMs);
    },
    close() {
      vi.useRealTimers();
      store.close();
      rmSync(directory, { recursive: true });
    },
  };
  return box;
}
