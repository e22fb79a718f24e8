import type { Notification } from 'electron';
import type { ApiClient } from '../../shared/api/client.ts';
import { CAPTURING_STATES } from '../../shared/recording.ts';
import type { Language } from '../../shared/texts/language.ts';
import type { Logger } from '../logging.ts';
import type { UpdateFacts } from '../tray/menu.ts';
import { createUpdateFeed, type UpdateFeed } from './electron-update-feed.ts';
import { afterInstallation, type Installation, installUpdate } from './electron-update-installation.ts';
import { showUpdateReady, tellCheckResult, tellUpdateTrouble } from './electron-update-words.ts';
import type { EndedBy } from './shutdown.ts';
import {
  isLasting,
  NO_UPDATE,
  nextUpdate,
  nextUpdateTask,
  type UpdateEvent,
  type UpdateSettings,
  type UpdateState,
  updateFailureOf,
  updateSettingsOf,
  withoutSecrets,
} from './updates.ts';

export interface UpdatesDeps extends Pick<Installation, 'appImage' | 'isService'> {
  /** Of the box: its settings, and whether it records. */
  client: Pick<ApiClient, 'call'>;
  language: Language;
  log: Pick<Logger, 'debug' | 'info' | 'warn'>;
  /** What `facts` tells has changed. */
  onChange(): void;
  /** Somebody wants the version that is ready: asks, ends in order, and comes back by `leave`. */
  install(): void;
}

export interface Updates {
  facts(): UpdateFacts;
  /** The version that can be installed, or null. */
  readyVersion(): string | null;
  /** Does what there is to do. To be called when something may have changed; it is done every minute anyway. */
  look(): Promise<void>;
  /** Somebody asks for newer versions, and is told what comes of it. */
  check(): void;
  showTrouble(): void;
  /**
   * To be called when everything else of the app has ended.
   * @returns whether an update is installed now; the app then ends by it, and is started anew when that was wanted
   */
  leave(reason: EndedBy): boolean;
  stop(): void;
}

const LOOK_EVERY_MS = 60_000;
const ASK_BOX_WITHIN_MS = 5000;

/** Newer versions of the app from a feed that the settings name. The updater is loaded only when they name one. */
export function createUpdates(deps: UpdatesDeps): Updates {
  const { client, language, log } = deps;
  const work = createWork(deps);
  let looking: Promise<void> | null = null;
  let isAsked = false;
  const doWhatIsDue = async (): Promise<void> => {
    const { values } = await client.call('getSettings', {}, { signal: AbortSignal.timeout(ASK_BOX_WITHIN_MS) });
    if (!(await work.follow(updateSettingsOf(values)))) return;
    const isBusy = await isRecording(client);
    const next = () =>
      nextUpdateTask(work.state, {
        ...{ nowMs: performance.now(), isBusy, isAsked },
        checkEveryMs: work.settings.checkEveryMs,
      });
    if (next() === 'letGo') work.letGo();
    if (next() === 'check') {
      const wasAsked = isAsked;
      await work.check();
      if (wasAsked) void tellCheckResult(language, work.state, work.settings.feedUrl, isBusy);
      isAsked = false;
    }
    if (next() === 'fetch') void work.fetch();
  };
  const look = async (): Promise<void> => {
    looking ??= doWhatIsDue()
      .catch((error: unknown) => log.debug({ err: error }, 'the box does not say whether it records; no updates now'))
      .finally(() => {
        looking = null;
      });
    await looking;
  };
  const timer = setInterval(() => void look(), LOOK_EVERY_MS);
  timer.unref();
  return {
    facts: () => factsOf(work.state, work.settings.feedUrl !== null),
    readyVersion: () => work.state.ready,
    look,
    check() {
      isAsked = true;
      // A look that is under way may have decided already.
      void look().then(() => (isAsked ? look() : undefined));
    },
    showTrouble: () => void tellUpdateTrouble(language, work.state, work.settings.feedUrl),
    leave(reason) {
      const { feed, settings, state } = work;
      const isWanted = reason === 'update' || (reason === 'person' && settings.install === 'atQuit');
      if (!isWanted || feed === null || state.ready === null) return false;
      const { appImage, isService } = deps;
      installUpdate(feed, { version: state.ready, isRestart: reason === 'update', appImage, isService });
      return true;
    },
    stop() {
      clearInterval(timer);
      work.letGo();
      work.hideNotice();
    },
  };
}

/** What is known, and the two things that take their time. */
interface UpdateWork {
  readonly state: UpdateState;
  readonly settings: UpdateSettings;
  readonly feed: UpdateFeed | null;
  /** @returns whether there is a feed */
  follow(settings: UpdateSettings): Promise<boolean>;
  check(): Promise<void>;
  fetch(): Promise<void>;
  /** Stops fetching. */
  letGo(): void;
  hideNotice(): void;
}

function createWork({ language, log, onChange, install }: UpdatesDeps): UpdateWork {
  let settings = updateSettingsOf({});
  let state = afterInstallation(log);
  let feed: UpdateFeed | null = null;
  let fetching: AbortController | null = null;
  let notice: Notification | null = null;
  const tell = (event: UpdateEvent): void => {
    const before = state.ready;
    state = nextUpdate(state, event);
    if (state.ready !== null && state.ready !== before) {
      log.info({ version: state.ready }, 'an update is ready');
      if (settings.install === 'ask') notice = showUpdateReady(language, state.ready, install);
    }
    onChange();
  };
  const fail = (error: unknown): void => {
    const failure = updateFailureOf(error);
    log.warn({ failure, reason: reasonOf(error) }, 'updates do not work');
    tell({ kind: 'failed', failure, atMs: performance.now() });
  };
  return {
    get state() {
      return state;
    },
    get settings() {
      return settings;
    },
    get feed() {
      return feed;
    },
    async follow(now) {
      const before = settings;
      settings = now;
      if (now.feedUrl === before.feedUrl) return feed !== null;
      fetching?.abort();
      feed = null;
      // What came from another place is forgotten.
      if (before.feedUrl !== null) state = NO_UPDATE;
      try {
        if (now.feedUrl !== null) feed = await createUpdateFeed(now.feedUrl, log);
      } catch (error) {
        fail(error);
      }
      onChange();
      return feed !== null;
    },
    async check() {
      tell({ kind: 'checking' });
      try {
        const version = await feed?.check();
        const atMs = performance.now();
        tell(version ? { kind: 'found', version, atMs } : { kind: 'nothingNewer', atMs });
      } catch (error) {
        fail(error);
      }
    },
    async fetch() {
      const from = feed;
      const going = new AbortController();
      fetching = going;
      tell({ kind: 'fetching' });
      try {
        await from?.fetch(going.signal);
        if (from === feed) tell({ kind: 'fetched' });
      } catch (error) {
        if (from !== feed) return;
        if (going.signal.aborted) tell({ kind: 'letGo' });
        else fail(error);
      } finally {
        if (fetching === going) fetching = null;
      }
    },
    letGo: () => fetching?.abort(),
    hideNotice: () => notice?.close(),
  };
}

/** The menu offers what can be installed also while something newer is looked for. */
function factsOf(state: UpdateState, isOn: boolean): UpdateFacts {
  const { step, found, ready } = state;
  const shown = ready === null ? step : 'ready';
  return { step: isOn ? shown : 'off', version: ready ?? found, isTroubled: isOn && isLasting(state) };
}

function reasonOf(error: unknown): string {
  return withoutSecrets(error instanceof Error ? error.message : String(error));
}

async function isRecording({ call }: Pick<ApiClient, 'call'>): Promise<boolean> {
  const signal = AbortSignal.timeout(ASK_BOX_WITHIN_MS);
  const states = [...CAPTURING_STATES, 'finalizing'] as const;
  const answers = await Promise.all(
    states.map((state) => call('listRecordings', { query: { state, limit: 1 } }, { signal })),
  );
  return answers.some(({ total }) => total > 0);
}
