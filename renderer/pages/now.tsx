import './now.css';
import { Button, Callout, Card, Flex, Heading, Skeleton, Text } from '@radix-ui/themes';
import { useTranslation } from 'react-i18next';
import { Link } from 'wouter';
import { CAPTURING_STATES } from '../../shared/recording.ts';
import { useRoute } from '../data/queries.ts';
import { NowCard } from './now-card.tsx';
import { Load } from './now-load.tsx';

/** How many of the newest recordings are looked through for running ones: more than a box can hold at a time. */
const NEWEST = 100;

/** What is being recorded at this moment, and how much more the box could take. */
export function NowPage() {
  const { t } = useTranslation();
  const { data, error } = useRoute('listRecordings', { query: { limit: NEWEST } });
  const running = data?.recordings.filter(({ state }) => (CAPTURING_STATES as readonly string[]).includes(state));
  return (
    <>
      <Flex justify="between" align="center" gap="3" wrap="wrap">
        <Heading as="h2" size="6">
          {t('now.title')}
        </Heading>
        <Button asChild size="3">
          <Link href="/start">{t('start.begin')}</Link>
        </Button>
      </Flex>
      <Load />
      {error && !data && (
        <Callout.Root color="red" highContrast size="1" role="alert">
          <Callout.Text>{t('now.failed')}</Callout.Text>
        </Callout.Root>
      )}
      {!data && !error && (
        <div className="now-cards" aria-hidden="true">
          <Skeleton height="420px" />
        </div>
      )}
      {running?.length === 0 && <Nothing />}
      <div className="now-cards">
        {running?.map((recording) => (
          <NowCard key={recording.id} recording={recording} />
        ))}
      </div>
    </>
  );
}

function Nothing() {
  const { t } = useTranslation();
  return (
    <Card size="3">
      <Flex direction="column" gap="1" align="center" py="6">
        <Heading as="h3" size="4" align="center">
          {t('now.empty')}
        </Heading>
        <Text size="2" color="gray" highContrast align="center">
          {t('now.emptyHint')}
        </Text>
      </Flex>
    </Card>
  );
}
