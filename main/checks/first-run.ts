import { FIRST_RUN_STEPS } from '../../shared/api/check-routes.ts';
import { isFields } from '../../shared/complaints.ts';
import type { BoxCredentials } from '../delivery/box-credentials.ts';
import type { FirstRunView } from '../http/checks-api.ts';
import { isLoopbackHost } from '../network/address-kind.ts';
import type { Store } from '../store/store.ts';

export interface FirstRunDeps {
  store: Pick<Store, 'facts' | 'recordings'>;
  credentials: Pick<BoxCredentials, 'view'>;
  /** Whether any destination was saved. */
  hasDestinations(): boolean;
  recordingsDirectory: string;
  /** Whether CFS_PATH names the folder. */
  isFolderGiven: boolean;
  disk: { freeBytes(): number | null };
  settings: { readonly disk: { readonly reserveBytes: number } };
  /** Where the box listens, and whether it demands tokens. */
  host: string;
  tokenRequired: boolean;
}

/** The guide for a new box, remembered by the box: whoever goes on with it may sit at another browser. */
export interface FirstRun {
  view(): FirstRunView;
  change(change: { dismissed?: boolean | undefined; step?: FirstRunView['step'] | undefined }): FirstRunView;
}

const FACT = 'first_run';

type Remembered = Pick<FirstRunView, 'dismissed' | 'step'>;

export function createFirstRun(deps: FirstRunDeps): FirstRun {
  const { store, credentials, disk, settings, host } = deps;
  const view = (): FirstRunView => {
    const remembered = readFact(store.facts.get(FACT));
    const hasRecorded = store.recordings.search({}, { limit: 1 }).total > 0;
    const keys = credentials.view().source;
    const isNew = !hasRecorded && keys === 'none' && !deps.hasDestinations();
    // Who has begun is asked to go on, although there are keys by then.
    const isUnderWay = !hasRecorded && remembered.step !== 'storage' && remembered.step !== 'done';
    return {
      ...remembered,
      offered: !remembered.dismissed && (isNew || isUnderWay),
      hasRecorded,
      storage: {
        directory: deps.recordingsDirectory,
        freeBytes: disk.freeBytes(),
        reserveBytes: settings.disk.reserveBytes,
        fromEnvironment: deps.isFolderGiven,
      },
      keys,
      access: { tokenRequired: deps.tokenRequired, loopbackOnly: isLoopbackHost(host) },
    };
  };
  return {
    view,
    change({ dismissed, step }) {
      const before = readFact(store.facts.get(FACT));
      const next: Remembered = { dismissed: dismissed ?? before.dismissed, step: step ?? before.step };
      store.facts.set(FACT, JSON.stringify(next));
      return view();
    },
  };
}

/** What cannot be read counts as never written. */
function readFact(text: string | null): Remembered {
  const found: unknown = text === null ? null : parsed(text);
  const fields = isFields(found) ? found : {};
  const step = FIRST_RUN_STEPS.find((known) => known === fields.step);
  return { dismissed: fields.dismissed === true, step: step ?? 'storage' };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
