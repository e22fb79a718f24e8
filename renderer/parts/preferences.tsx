import { Button, DropdownMenu } from '@radix-ui/themes';
import { useTranslation } from 'react-i18next';
import { APPEARANCES, type Appearance, useAppearance } from '../appearance.tsx';
import type { Session } from '../data/session.ts';
import { type ConsoleLanguage, chooseLanguage, LANGUAGES } from '../texts/start.ts';
import { Icon } from './icons.tsx';

const LANGUAGE_NAMES: Record<ConsoleLanguage, string> = { en: 'English', 'zh-CN': '简体中文' };

/** Language, appearance and the ways out, from every page. */
export function Preferences({ session }: { session: Session }) {
  const { t, i18n } = useTranslation();
  const { appearance, choose } = useAppearance();
  return (
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger>
        <Button className="preferences" variant="ghost" color="gray" highContrast>
          <Icon name="display" />
          <span className="preferences-word">{t('shell.display')}</span>
        </Button>
      </DropdownMenu.Trigger>
      <DropdownMenu.Content className="preferences-menu" variant="soft" highContrast>
        <DropdownMenu.Label>{t('app.language')}</DropdownMenu.Label>
        <DropdownMenu.RadioGroup
          value={i18n.language}
          onValueChange={(value) => void chooseLanguage(value as ConsoleLanguage)}
        >
          {LANGUAGES.map((language) => (
            <DropdownMenu.RadioItem key={language} value={language} lang={language}>
              {LANGUAGE_NAMES[language]}
            </DropdownMenu.RadioItem>
          ))}
        </DropdownMenu.RadioGroup>
        <DropdownMenu.Separator />
        <DropdownMenu.Label>{t('app.appearance')}</DropdownMenu.Label>
        <DropdownMenu.RadioGroup value={appearance} onValueChange={(value) => choose(value as Appearance)}>
          {APPEARANCES.map((one) => (
            <DropdownMenu.RadioItem key={one} value={one}>
              {t(`app.appearances.${one}`)}
            </DropdownMenu.RadioItem>
          ))}
        </DropdownMenu.RadioGroup>
        <DropdownMenu.Separator />
        <DropdownMenu.Item asChild>
          <a href="/api">{t('shell.apiPage')}</a>
        </DropdownMenu.Item>
        <DropdownMenu.Item asChild>
          <a href="/plain">{t('shell.plainPage')}</a>
        </DropdownMenu.Item>
        {session.canSignOut && (
          <>
            <DropdownMenu.Separator />
            <DropdownMenu.Item onSelect={() => void session.signOut()}>{t('shell.signOut')}</DropdownMenu.Item>
          </>
        )}
      </DropdownMenu.Content>
    </DropdownMenu.Root>
  );
}
