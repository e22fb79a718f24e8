import { Badge, Box, Callout, Flex, Heading, Select, Text } from '@radix-ui/themes';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useLocation } from 'wouter';
import { APPEARANCES, type Appearance, useAppearance } from '../appearance.tsx';
import { useRoute } from '../data/queries.ts';
import { type ConsoleLanguage, chooseLanguage, LANGUAGES } from '../texts/start.ts';

const PAGES = ['now', 'recordings', 'attention'] as const;
type Page = (typeof PAGES)[number];
const PATHS: Record<Page, string> = { now: '/', recordings: '/recordings', attention: '/attention' };
const LANGUAGE_NAMES: Record<ConsoleLanguage, string> = { en: 'English', 'zh-CN': '简体中文' };

/** What is on every page: where one is, where one can go, and what one must not overlook. */
export function Shell({ isConnected, children }: { isConnected: boolean; children: ReactNode }) {
  const { t } = useTranslation();
  const health = useRoute('healthz', {});
  return (
    <>
      <a className="skip" href="#content">
        {t('app.skip')}
      </a>
      <div className="shell">
        <aside className="shell-side">
          <Heading as="h1" size="4">
            {t('app.title')}
          </Heading>
          <Navigation blocked={(health.data?.recordings?.blocked ?? 0) + (health.data?.callbacks?.parked ?? 0)} />
          <Box flexGrow="1" />
          <Choices />
        </aside>
        <main className="shell-main" id="content" tabIndex={-1}>
          <Flex direction="column" gap="4">
            {!isConnected && <Notice colour="red" text={t('app.offline')} />}
            {health.data?.simulated && <Notice colour="amber" text={t('app.simulated')} />}
            {children}
          </Flex>
        </main>
      </div>
    </>
  );
}

function Notice({ colour, text }: { colour: 'red' | 'amber'; text: string }) {
  return (
    <Callout.Root color={colour} highContrast role="status" size="1">
      <Callout.Text>{text}</Callout.Text>
    </Callout.Root>
  );
}

function Navigation({ blocked }: { blocked: number }) {
  const { t } = useTranslation();
  const [location] = useLocation();
  const isCurrent = (page: Page) => (page === 'now' ? location === '/' : location.startsWith(PATHS[page]));
  return (
    <nav aria-label={t('app.navigation')}>
      <ul className="nav">
        {PAGES.map((page) => (
          <li key={page}>
            <Link href={PATHS[page]} aria-current={isCurrent(page) ? 'page' : undefined}>
              {t(`nav.${page}`)}
              {page === 'attention' && blocked > 0 && (
                <Badge color="red" variant="solid" radius="full">
                  {blocked}
                </Badge>
              )}
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  );
}

function Choices() {
  const { t, i18n } = useTranslation();
  const { appearance, choose } = useAppearance();
  return (
    <Flex direction="column" gap="3">
      <Labelled label={t('app.language')}>
        <Select.Root value={i18n.language} onValueChange={(value) => void chooseLanguage(value as ConsoleLanguage)}>
          <Select.Trigger aria-label={t('app.language')} />
          <Select.Content>
            {LANGUAGES.map((language) => (
              <Select.Item key={language} value={language}>
                {LANGUAGE_NAMES[language]}
              </Select.Item>
            ))}
          </Select.Content>
        </Select.Root>
      </Labelled>
      <Labelled label={t('app.appearance')}>
        <Select.Root value={appearance} onValueChange={(value) => choose(value as Appearance)}>
          <Select.Trigger aria-label={t('app.appearance')} />
          <Select.Content>
            {APPEARANCES.map((one) => (
              <Select.Item key={one} value={one}>
                {t(`app.appearances.${one}`)}
              </Select.Item>
            ))}
          </Select.Content>
        </Select.Root>
      </Labelled>
    </Flex>
  );
}

function Labelled({ label, children }: { label: string; children: ReactNode }) {
  return (
    <Flex direction="column" gap="1">
      <Text size="1" color="gray" highContrast>
        {label}
      </Text>
      {children}
    </Flex>
  );
}
