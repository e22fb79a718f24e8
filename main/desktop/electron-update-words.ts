import { Notification } from 'electron';
import type { Language } from '../../shared/texts/language.ts';
import { VERSION } from '../version.ts';
import { showMessage } from './electron-message.ts';
import { desktopText } from './texts/texts.ts';
import type { UpdateState } from './updates.ts';

/** Says once that an update can be installed. @returns null where the system shows no notices */
export function showUpdateReady(language: Language, version: string, onClick: () => void): Notification | null {
  if (!Notification.isSupported()) return null;
  const title = desktopText(language, 'update.readyTitle', { version });
  const notification = new Notification({ title, body: desktopText(language, 'update.readyText'), silent: true });
  notification.on('click', onClick);
  notification.show();
  return notification;
}

/** For whoever asked: what came of it. */
export async function tellCheckResult(
  language: Language,
  state: UpdateState,
  feedUrl: string | null,
  isBusy: boolean,
): Promise<void> {
  // One that was found may be mended what was wrong before.
  if (state.step === 'idle' && state.failure !== null) return await tellUpdateTrouble(language, state, feedUrl);
  const version = state.found ?? state.ready;
  const found = desktopText(language, 'update.found', { version: version ?? '' });
  await showMessage({
    ...{ type: 'info', title: desktopText(language, 'app.name') },
    message: version === null ? desktopText(language, 'update.newest', { version: VERSION }) : found,
    ...(version === null ? {} : { detail: desktopText(language, isBusy ? 'update.foundBusy' : 'update.foundIdle') }),
    buttons: [desktopText(language, 'drain.wait')],
  });
}

/** Why updates do not work, and the remedy. */
export async function tellUpdateTrouble(
  language: Language,
  { failure }: UpdateState,
  feedUrl: string | null,
): Promise<void> {
  if (failure === null) return;
  await showMessage({
    ...{ type: 'warning', title: desktopText(language, 'app.name') },
    message: desktopText(language, 'update.trouble'),
    detail: desktopText(language, `update.${failure.kind}`, { feed: feedUrl ?? '' }),
    buttons: [desktopText(language, 'drain.wait')],
  });
}
