import { Box, Button, Card, Flex, Heading, RadioGroup, Text } from '@radix-ui/themes';
import { useTranslation } from 'react-i18next';
import { APPEARANCES, type Appearance, useAppearance } from '../../appearance.tsx';
import { useSession } from '../../data/session.ts';
import { type ConsoleLanguage, chooseLanguage, LANGUAGES } from '../../texts/start.ts';

const LANGUAGE_NAMES: Record<ConsoleLanguage, string> = { en: 'English', 'zh-CN': '简体中文' };

/** As whom this browser is signed in, and the way out. */
export function SessionCard({ session }: { session: { name: string | null; role: string | null } }) {
  const { t } = useTranslation();
  const { canSignOut, signOut } = useSession(true);
  const { name, role } = session;
  return (
    <Card size="3" asChild>
      <section aria-labelledby="card-session">
        <Heading as="h3" size="4" id="card-session">
          {t('settings.cards.session')}
        </Heading>
        <Text as="p" size="2" mt="2">
          {name === null ? t('settings.session.nobody') : t('settings.session.as', { name, role })}
        </Text>
        {canSignOut && (
          <Box mt="3">
            <Button variant="soft" color="gray" highContrast onClick={() => void signOut()}>
              {t('settings.session.leave')}
            </Button>
          </Box>
        )}
      </section>
    </Card>
  );
}

/** Language and appearance; both count at once and are kept by the browser. */
export function AppearanceCards() {
  const { t, i18n } = useTranslation();
  const { appearance, choose } = useAppearance();
  return (
    <Flex direction="column" gap="4">
      <Card size="3" asChild>
        <section aria-labelledby="card-language">
          <Heading as="h3" size="4" id="card-language" mb="3">
            {t('app.language')}
          </Heading>
          <RadioGroup.Root
            size="3"
            aria-labelledby="card-language"
            value={i18n.language}
            onValueChange={(value) => void chooseLanguage(value as ConsoleLanguage)}
          >
            {LANGUAGES.map((language) => (
              <RadioGroup.Item key={language} value={language} lang={language}>
                {LANGUAGE_NAMES[language]}
              </RadioGroup.Item>
            ))}
          </RadioGroup.Root>
        </section>
      </Card>
      <Card size="3" asChild>
        <section aria-labelledby="card-appearance">
          <Heading as="h3" size="4" id="card-appearance" mb="3">
            {t('app.appearance')}
          </Heading>
          <RadioGroup.Root
            size="3"
            aria-labelledby="card-appearance"
            value={appearance}
            onValueChange={(value) => choose(value as Appearance)}
          >
            {APPEARANCES.map((one) => (
              <RadioGroup.Item key={one} value={one}>
                {t(`app.appearances.${one}`)}
              </RadioGroup.Item>
            ))}
          </RadioGroup.Root>
        </section>
      </Card>
    </Flex>
  );
}
