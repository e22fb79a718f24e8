import { Button, Callout, Card, Flex, Heading, Text } from '@radix-ui/themes';
import { useTranslation } from 'react-i18next';
import { Link } from 'wouter';
import type { RecordingAnswer } from '../../shared/api/views.ts';
import { useAction, useRoute } from '../data/queries.ts';
import { roomOf, Standstill, StateBadge } from '../parts/words.tsx';

/** What does not go on without a person, each with the one thing to do. */
export function AttentionPage() {
  const { t } = useTranslation();
  const health = useRoute('healthz', {}, { refetchMs: 5000 });
  const { data } = useRoute('listRecordings', { query: { attention: true, limit: 100 } });
  const retryAll = useAction('retryAll', ['listRecordings']);
  const recordings = data?.recordings ?? [];
  const isRefusing = health.data?.accepting === false;
  return (
    <>
      <Flex justify="between" align="center" gap="3" wrap="wrap">
        <Heading as="h2" size="6">
          {t('attention.title')}
        </Heading>
        {recordings.length > 0 && (
          <Button loading={retryAll.isPending} onClick={() => retryAll.mutate({})}>
            {t('attention.retryAll')}
          </Button>
        )}
      </Flex>
      {isRefusing && (
        <Callout.Root color="red" highContrast>
          <Callout.Text>{`${t('attention.refusing')}: ${health.data?.problems?.join(', ')}`}</Callout.Text>
        </Callout.Root>
      )}
      {data && recordings.length === 0 && !isRefusing && (
        <Card size="3">
          <Text>{t('attention.nothing')}</Text>
        </Card>
      )}
      <div className="cards">
        {recordings.map((recording) => (
          <Trouble key={recording.id} recording={recording} />
        ))}
      </div>
    </>
  );
}

function Trouble({ recording }: { recording: RecordingAnswer }) {
  const { t } = useTranslation();
  const retry = useAction('retryRecording', ['listRecordings']);
  const resend = useAction('resendCallback', ['listRecordings']);
  const { id, blocked, callbacks } = recording;
  const parked = callbacks.find(({ state }) => state === 'parked');
  return (
    <Card size="2">
      <Flex direction="column" gap="3">
        <Flex justify="between" align="center" gap="3">
          <Heading as="h3" size="4" className="ellipsis">
            <Link href={`/recordings/${id}`}>{roomOf(recording)}</Link>
          </Heading>
          <StateBadge recording={recording} />
        </Flex>
        {blocked && (
          <>
            <Text weight="medium">{t('attention.blocked')}</Text>
            <Standstill recording={recording} />
            <Button
              variant="soft"
              highContrast
              loading={retry.isPending}
              onClick={() => retry.mutate({ params: { id } })}
            >
              {t('recording.retryNow')}
            </Button>
          </>
        )}
        {parked && (
          <>
            <Text weight="medium">{t('attention.parked')}</Text>
            <Text size="2">{parked.lastError}</Text>
            <Button
              variant="soft"
              highContrast
              loading={resend.isPending}
              onClick={() => resend.mutate({ params: { id } })}
            >
              {t('recording.resend')}
            </Button>
          </>
        )}
      </Flex>
    </Card>
  );
}
