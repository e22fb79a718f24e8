import { type ApiClient, ApiError } from '../../shared/api/client.ts';
import type { BoxMessage } from '../../shared/api/messages.ts';
import type { RecordingAnswer } from '../../shared/api/views.ts';
import { CAPTURING_STATES, TERMINAL_STATES } from '../../shared/recording.ts';
import { type BoxAnswers, nextFacts, type TrayEvent, type TrayFacts, UNKNOWN_FACTS } from './facts.ts';

// Follows a box over the API that everybody uses: what it tells by events counts at once, everything else is asked for when an event
// says that it may have changed, and now and then.

/** Time as the watch needs it; `systemClock` of the delivery keeps it. */
export interface TrayClock<Timer> {
  setTimeout(callback: () => void, delayMs: number): Timer;
  clearTimeout(timer: Timer): void;
}

export interface BoxWatchDeps<Timer> {
  client: Pick<ApiClient, 'call' | 'watch'>;
  clock: TrayClock<Timer>;
  /** Called with every change; must not throw. */
  onFacts(after: TrayFacts, before: TrayFacts): void;
  /** The box refuses to tell; asked again all the same. */
  onRefused?(error: ApiError): void;
}

export interface BoxWatch {
  readonly facts: TrayFacts;
  /** Looks at everything afresh; resolves when that is done, or has failed. */
  refresh(): Promise<void>;
  /** Tells the facts something that the box has not said yet. */
  tell(event: TrayEvent): void;
  stop(): void;
}

/** Events come in bursts: the box is asked once for all of them. */
const GATHER_MS = 300;
/** Between two looks of a box in which much happens. */
const AFTER_LOOK_MS = 1500;
/** Disk, clock and certificates change without an event. */
const EVERY_MS = 60_000;
/** While the box does not answer. */
const AGAIN_MS = 5000;
/** Endings that are looked up one by one; when more come at a time, the rest is not told. */
const MOST_ENDINGS = 20;
/** The oldest, which know best since when they wait; more of them are counted all the same. */
const MOST_UPLOADS = 200;

/** Begins to follow a box; facts are `UNKNOWN_FACTS` until it has answered. */
export function watchTray<Timer>(deps: BoxWatchDeps<Timer>): BoxWatch {
  const stopping = new AbortController();
  const { signal } = stopping;
  let facts = UNKNOWN_FACTS;
  let timer: Timer | null = null;
  let refreshing: Promise<void> | null = null;
  let isStale = false;
  const ended = new Set<string>();

  const tell = (event: TrayEvent): void => {
    const before = facts;
    facts = nextFacts(before, event);
    if (facts !== before && !signal.aborted) deps.onFacts(facts, before);
  };
  const plan = (delayMs: number): void => {
    if (timer !== null) deps.clock.clearTimeout(timer);
    timer = signal.aborted ? null : deps.clock.setTimeout(() => void refresh(), delayMs);
  };
  const look = async (): Promise<void> => {
    isStale = false;
    const ids = [...ended].slice(0, MOST_ENDINGS);
    ended.clear();
    try {
      const [answers, endings] = await Promise.all([askAll(deps.client, signal), askEndings(deps.client, ids, signal)]);
      tell({ kind: 'answers', answers });
      for (const recording of endings) tell({ kind: 'ended', recording });
      plan(isStale ? AFTER_LOOK_MS : EVERY_MS);
    } catch (error) {
      if (signal.aborted) return;
      for (const id of ids) ended.add(id);
      isStale = false;
      if (error instanceof ApiError) deps.onRefused?.(error);
      tell({ kind: 'line', line: 'down' });
      plan(AGAIN_MS);
    }
  };
  const refresh = (): Promise<void> => {
    if (refreshing !== null) isStale = true;
    refreshing ??= look().finally(() => {
      refreshing = null;
    });
    return refreshing;
  };
  const soon = (): void => {
    if (isStale || signal.aborted) return;
    isStale = true;
    // A look that is under way may have asked before this happened; another one follows it.
    if (refreshing === null) plan(GATHER_MS);
  };
  const take = (message: BoxMessage): void => {
    for (const event of eventsOf(message)) tell(event);
    const endedId = endedBy(message);
    if (endedId !== null) ended.add(endedId);
    if (message.name === 'audit' || message.name === 'opened' || isNewTo(facts, message)) soon();
  };

  void follow(deps, signal, take, soon);
  void refresh();
  return {
    get facts() {
      return facts;
    },
    refresh,
    tell,
    stop: () => {
      stopping.abort();
      if (timer !== null) deps.clock.clearTimeout(timer);
    },
  };
}

/** Ends with `signal`; a box that refuses its events is asked for them again. A line that broke says nothing about the box itself. */
async function follow<Timer>(
  { client, clock, onRefused }: BoxWatchDeps<Timer>,
  signal: AbortSignal,
  take: (message: BoxMessage) => void,
  onLost: () => void,
): Promise<void> {
  let after: number | undefined;
  while (!signal.aborted) {
    try {
      const onLine = (line: 'up' | 'down'): void => {
        if (line === 'down') onLost();
      };
      for await (const message of client.watch({ after, signal, onLine })) {
        if (message.name === 'opened' || message.name === 'audit') after = message.data.seq;
        take(message);
      }
    } catch (error) {
      if (error instanceof ApiError) onRefused?.(error);
    }
    if (!signal.aborted) await pause(clock, AGAIN_MS, signal);
  }
}

async function askAll({ call }: Pick<ApiClient, 'call'>, signal: AbortSignal): Promise<BoxAnswers> {
  const capturing = CAPTURING_STATES.map((state) =>
    call('listRecordings', { query: { state, limit: 500 } }, { signal }),
  );
  const [attention, settings, uploading, ...pages] = await Promise.all([
    call('getAttention', {}, { signal }),
    call('getSettings', {}, { signal }),
    call('listRecordings', { query: { state: 'uploading', limit: MOST_UPLOADS, order: 'asc' } }, { signal }),
    ...capturing,
  ]);
  // One that moved on between two questions may be in two answers.
  const byId = new Map(pages.flatMap(({ recordings }) => recordings.map((one) => [one.id, one] as const)));
  return { capturing: [...byId.values()], uploading, attention, settings: settings.values };
}

/** What was deleted meanwhile is left out. */
async function askEndings(
  { call }: Pick<ApiClient, 'call'>,
  ids: readonly string[],
  signal: AbortSignal,
): Promise<RecordingAnswer[]> {
  const answers = ids.map(async (id) => {
    try {
      return [await call('getRecording', { params: { id } }, { signal })];
    } catch (error) {
      if (error instanceof ApiError) return [];
      throw error;
    }
  });
  return (await Promise.all(answers)).flat();
}

function eventsOf(message: BoxMessage): TrayEvent[] {
  if (message.name === 'progress') return [{ kind: 'progress', progress: message.data }];
  if (message.name !== 'audit') return [];
  const { type, recordingId } = message.data;
  return type === 'stopRequested' && recordingId !== null ? [{ kind: 'stopAsked', recordingId }] : [];
}

function endedBy(message: BoxMessage): string | null {
  if (message.name !== 'audit' || message.data.type !== 'state') return null;
  const isOver = (TERMINAL_STATES as readonly unknown[]).includes(message.data.data.to);
  return isOver ? message.data.recordingId : null;
}

/** Progress of a recording that the facts do not know, while it runs. */
function isNewTo(facts: TrayFacts, message: BoxMessage): boolean {
  if (message.name !== 'progress') return false;
  const { recordingId, state } = message.data;
  if (!(CAPTURING_STATES as readonly string[]).includes(state)) return false;
  return !facts.running.some(({ id }) => id === recordingId);
}

function pause<Timer>(clock: TrayClock<Timer>, durationMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clock.clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = clock.setTimeout(end, durationMs);
    signal.addEventListener('abort', end);
  });
}
