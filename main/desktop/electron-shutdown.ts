import { app, BaseWindow, powerMonitor } from 'electron';
import type { Language } from '../../shared/texts/language.ts';
import type { Logger } from '../logging.ts';
import { showMessage } from './electron-message.ts';
import {
  type EndedBy,
  nextShutdown,
  QUIT_ANSWERS,
  type QuitAnswer,
  type ShutdownEffect,
  type ShutdownEvent,
  type ShutdownState,
} from './shutdown.ts';
import { desktopText } from './texts/texts.ts';

export interface ShutdownDeps {
  language: Language;
  platform: NodeJS.Platform;
  /** How many recordings would be cut short now; has a deadline of its own. */
  countRunning(): Promise<number>;
  /** What is known of it without asking, for moments that cannot wait. */
  isRecording(): boolean;
  /** Ends recordings, finalizes and flushes; bounded by itself. */
  drain(): Promise<void>;
  hideWindow(): void;
  setBusy(isBusy: boolean): void;
  /** Takes window and tray away. */
  takeDown(): void;
  updates: {
    /** Null when there is none to install. */
    readyVersion(): string | null;
    /** @returns whether the app ends by an installation */
    leave(reason: EndedBy): boolean;
  };
  log: Pick<Logger, 'info' | 'warn' | 'error'>;
}

export interface Shutdown {
  /** As the menu's Quit. */
  quit(): void;
  /** Installs the update that is ready, when the person agrees, and comes back. */
  update(): void;
}

/** The box bounds its own stop; this is the net below it. */
const DRAIN_WITHIN_MS = 180_000;
/** What is over sooner needs no words. */
const PROGRESS_AFTER_MS = 800;
/** Windows and helpers may hold the app back no longer than this. */
const LEAVE_WITHIN_MS = 5000;
const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

/** From here on every way to end the app goes through the table in `shutdown.ts`. */
export function guardShutdown(deps: ShutdownDeps): Shutdown {
  let state: ShutdownState = { name: 'working' };
  let questions = new AbortController();
  const tell = (event: ShutdownEvent): void => {
    const before = state.name;
    const step = nextShutdown(state, event);
    state = step.state;
    if (state.name !== before) deps.log.info({ event: event.kind, from: before, to: state.name }, 'the app ends');
    for (const effect of step.effects) carryOut(effect);
  };
  const withdraw = (): void => {
    questions.abort();
    questions = new AbortController();
  };
  /** A question that is withdrawn counts as closed; the table makes nothing of answers that come too late. */
  const ask = async (words: QuestionWords, ifClosed: number): Promise<number> => {
    const { signal } = questions;
    return await showMessage({
      ...{ type: words.type, title: words.title, message: words.message, detail: words.detail },
      ...{ buttons: words.buttons, defaultId: words.defaultId, cancelId: ifClosed, noLink: true, signal },
    });
  };
  const showProgress = (): void => {
    if (state.name !== 'draining' || state.reason !== 'person') return;
    void ask(progressWords(deps.language), 1).then((response) => {
      if (response === 0) tell({ kind: 'quitAsked' });
    });
  };
  const carryOut = (effect: ShutdownEffect): void => {
    switch (effect.kind) {
      case 'count':
        deps.countRunning().then(
          (running) => tell({ kind: 'counted', running }),
          () => tell({ kind: 'counted', running: deps.isRecording() ? 1 : 0 }),
        );
        break;
      case 'ask':
        {
          const { words, answers } = endQuestion(effect, deps);
          void ask(words, answers.indexOf('cancel')).then((response) => {
            const answer = answers[response];
            if (answer) tell({ kind: 'answered', answer });
          });
        }
        break;
      case 'withdrawQuestions':
        withdraw();
        break;
      case 'hideWindow':
        deps.hideWindow();
        break;
      case 'drain':
        deps.setBusy(true);
        if (effect.reason === 'person') setTimeout(showProgress, PROGRESS_AFTER_MS).unref();
        drainWithin(deps, tell);
        break;
      case 'askForce':
        void ask(forceQuestion(deps.language), 1).then((response) => {
          tell({ kind: 'forceAnswered', isForced: response === 0 });
        });
        break;
      case 'leave':
        leave(effect, deps);
    }
  };
  listen(() => state, tell);
  if (deps.platform === 'win32') watchSession(deps, () => state, tell);
  return {
    quit: () => tell({ kind: 'quitAsked' }),
    update: () => {
      if (deps.updates.readyVersion() !== null) tell({ kind: 'updateAsked' });
    },
  };
}

type Tell = (event: ShutdownEvent) => void;

function listen(state: () => ShutdownState, tell: Tell): void {
  app.on('before-quit', (event) => {
    if (state().name === 'over') return;
    event.preventDefault();
    tell({ kind: 'quitAsked' });
  });
  // The declared type leaves the event out; preventing it asks the system for the time to end in order.
  powerMonitor.on('shutdown', (event?: { preventDefault(): void }) => {
    event?.preventDefault();
    tell({ kind: 'systemEnds' });
  });
  for (const signal of SIGNALS) process.on(signal, () => tell({ kind: 'systemEnds' }));
}

/** Referred to as long as the app lives: a window that nobody holds is collected. */
const sessionWindows = new Set<BaseWindow>();

/**
 * Windows tells the end of a session to windows only, and the console's need not be there: so one that is never shown listens.
 *
 * Windows asks first and then ends the session, and gives an app no time after that. So while something is recorded the app objects to
 * the question, which has Windows wait for it (and show that it does), drains and leaves.
 */
function watchSession(deps: ShutdownDeps, state: () => ShutdownState, tell: Tell): void {
  const window = new BaseWindow({ show: false, skipTaskbar: true, title: desktopText(deps.language, 'app.name') });
  sessionWindows.add(window);
  window.on('closed', () => sessionWindows.delete(window));
  window.on('query-session-end', (event) => {
    if (state().name !== 'draining' && !deps.isRecording()) return;
    event.preventDefault();
    tell({ kind: 'systemEnds' });
  });
  window.on('session-end', () => tell({ kind: 'systemEnds' }));
}

function drainWithin({ drain, log }: ShutdownDeps, tell: Tell): void {
  const timer = setTimeout(() => {
    log.error({ seconds: DRAIN_WITHIN_MS / 1000 }, 'stopping takes too long; the next start goes on');
    tell({ kind: 'gaveUp' });
  }, DRAIN_WITHIN_MS);
  drain()
    .then(
      () => tell({ kind: 'drained' }),
      (error: unknown) => {
        log.error({ err: error }, 'stopping failed; the next start goes on');
        tell({ kind: 'gaveUp' });
      },
    )
    .finally(() => clearTimeout(timer));
}

function leave(
  { exitCode, reason }: Extract<ShutdownEffect, { kind: 'leave' }>,
  { takeDown, updates }: ShutdownDeps,
): void {
  takeDown();
  if (exitCode !== 0) {
    app.exit(exitCode);
    return;
  }
  if (updates.leave(reason)) return;
  const timer = setTimeout(() => app.exit(0), LEAVE_WITHIN_MS);
  app.once('quit', () => clearTimeout(timer));
  app.quit();
}

interface QuestionWords {
  type: 'question' | 'info' | 'warning';
  title: string;
  message: string;
  detail: string;
  buttons: string[];
  defaultId: number;
}

interface Question {
  words: QuestionWords;
  /** What each button means. */
  answers: readonly QuitAnswer[];
}

function endQuestion(
  { running, reason }: Extract<ShutdownEffect, { kind: 'ask' }>,
  { language, updates }: ShutdownDeps,
): Question {
  return reason === 'person'
    ? { words: quitQuestion(language, running), answers: QUIT_ANSWERS }
    : { words: updateQuestion(language, running, updates.readyVersion() ?? ''), answers: ['stop', 'cancel'] };
}

function quitQuestion(language: Language, running: number): QuestionWords {
  return {
    ...{ type: 'question', title: desktopText(language, 'quit.title'), defaultId: 1 },
    message: runningWords(language, running),
    detail: desktopText(language, 'quit.detail'),
    buttons: QUIT_ANSWERS.map((answer) => desktopText(language, `quit.${answer}`)),
  };
}

function updateQuestion(language: Language, running: number, version: string): QuestionWords {
  const isIdle = running === 0;
  return {
    // With recordings under way the careless answer leaves them alone.
    ...{ type: 'question', title: desktopText(language, 'update.title', { version }), defaultId: isIdle ? 0 : 1 },
    message: isIdle ? desktopText(language, 'update.none') : runningWords(language, running),
    detail: desktopText(language, isIdle ? 'update.detail' : 'update.detailRunning'),
    buttons: [desktopText(language, isIdle ? 'update.now' : 'update.stop'), desktopText(language, 'update.later')],
  };
}

function runningWords(language: Language, running: number): string {
  return desktopText(language, running === 1 ? 'quit.one' : 'quit.many', { count: running });
}

function progressWords(language: Language): QuestionWords {
  return {
    ...{ type: 'info', title: desktopText(language, 'drain.title'), defaultId: 1 },
    message: desktopText(language, 'drain.message'),
    detail: desktopText(language, 'drain.detail'),
    buttons: [desktopText(language, 'drain.leave'), desktopText(language, 'drain.wait')],
  };
}

function forceQuestion(language: Language): QuestionWords {
  return {
    ...{ type: 'warning', title: desktopText(language, 'force.title'), defaultId: 1 },
    message: desktopText(language, 'force.message'),
    detail: desktopText(language, 'force.detail'),
    buttons: [desktopText(language, 'force.yes'), desktopText(language, 'force.no')],
  };
}
