import { Callout, Flex, Heading } from '@radix-ui/themes';
import { type ReactNode, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { useLocation } from 'wouter';
import { useAttentionCount } from '../data/attention.ts';
import { useRoute } from '../data/queries.ts';
import { useSession } from '../data/session.ts';
import { Icon, Logo } from './icons.tsx';
import { Navigation } from './navigation.tsx';
import { usePageChange } from './page-change.ts';
import { PageGuard } from './page-guard.tsx';
import { Preferences } from './preferences.tsx';
import { useFocusableScrollers } from './scrollers.ts';

/** What is on every page: where one is, where one can go, and what one must not overlook. */
export function Shell({ isConnected, children }: { isConnected: boolean; children: ReactNode }) {
  const { t } = useTranslation();
  const [location] = useLocation();
  const main = useRef<HTMLElement>(null);
  const { data: health } = useRoute('healthz', {});
  const session = useSession(isConnected);
  const attention = useAttentionCount();
  usePageChange(main);
  useFocusableScrollers(main);
  return (
    <>
      <SkipLink onSkip={() => main.current?.focus()} />
      <div className="shell">
        <aside className="shell-side">
          <Flex className="shell-brand" align="center" gap="3">
            <Logo />
            <Heading as="h1" size="4" weight="bold">
              {t('app.title')}
            </Heading>
          </Flex>
          <Navigation blocked={attention} />
          <div className="shell-foot">
            <Preferences session={session} />
            {health?.version && <p className="shell-version">{t('shell.version', { version: health.version })}</p>}
          </div>
        </aside>
        <main className="shell-main" id="content" tabIndex={-1} ref={main}>
          <div className="shell-page">
            {health?.simulated && (
              <Callout.Root className="shell-simulated" color="amber" highContrast size="1" role="note">
                <Callout.Icon>
                  <Icon name="simulated" sizePx={18} />
                </Callout.Icon>
                <Callout.Text>{t('app.simulated')}</Callout.Text>
              </Callout.Root>
            )}
            <PageGuard place={location}>{children}</PageGuard>
          </div>
        </main>
      </div>
      <div className="shell-offline" role="status">
        {!isConnected && (
          <Callout.Root color="red" variant="surface" highContrast size="1">
            <Callout.Icon>
              <Icon name="offline" sizePx={18} />
            </Callout.Icon>
            <Callout.Text>{t('app.offline')}</Callout.Text>
          </Callout.Root>
        )}
      </div>
    </>
  );
}

/** A button, as the address behind the hash is the router's. */
function SkipLink({ onSkip }: { onSkip(): void }) {
  const { t } = useTranslation();
  return (
    <button type="button" className="skip" onClick={onSkip}>
      {t('app.skip')}
    </button>
  );
}
