import { Badge, Card, Flex, Heading, Skeleton, Table, Text } from '@radix-ui/themes';
import { useTranslation } from 'react-i18next';
import type { CallbackStory, RecordingAnswer } from '../../../shared/api/views.ts';
import { useRoute } from '../../data/queries.ts';
import { formatTime } from '../../format.ts';
import { CopyField } from '../../parts/copy.tsx';
import { Problem } from '../../parts/problem.tsx';
import { prettyJson } from './delivery.ts';
import { Json } from './json.tsx';

const COLOURS = { pending: 'blue', delivered: 'green', parked: 'amber' } as const;

/** What the caller was sent, and what he answered to each try. */
export function Callbacks({ recording }: { recording: RecordingAnswer }) {
  const { t } = useTranslation();
  const { data, error, refetch } = useRoute('getCallbacks', { params: { id: recording.id } });
  if (error && !data) return <Problem error={error} onRetry={() => void refetch()} />;
  if (!data) return <Skeleton height="96px" />;
  if (data.callbacks.length === 0) {
    return <Text size="2">{t(recording.request.Callback === null ? 'detail.noCallback' : 'detail.nothingSent')}</Text>;
  }
  return (
    <Flex direction="column" gap="3">
      {data.callbacks.map((story) => (
        <Story key={story.deliveryId} story={story} />
      ))}
    </Flex>
  );
}

function Story({ story }: { story: CallbackStory }) {
  const { t, i18n } = useTranslation();
  const { event, state, attempts, createdAt, url, body, tries, deliveryId } = story;
  return (
    <Card size="2">
      <Flex direction="column" gap="3">
        <Flex justify="between" gap="3" wrap="wrap" align="center">
          <Heading as="h4" size="3">
            {event ?? t('detail.result')}
          </Heading>
          <Flex gap="3" align="center">
            <Text size="1" color="gray" highContrast className="numbers">
              {`${formatTime(createdAt, i18n.language)} · ${t('detail.triesCount', { count: attempts })}`}
            </Text>
            <Badge color={COLOURS[state]} highContrast>
              {t(`callback.${state}`)}
            </Badge>
          </Flex>
        </Flex>
        <Text as="div" size="2">
          <Text color="gray" highContrast mr="2">
            {t('detail.to')}
          </Text>
          <span className="copy-text">{url}</span>
        </Text>
        <Tries tries={tries} />
        <details className="fold">
          <summary>{t('detail.sent')}</summary>
          <Flex direction="column" gap="2" mt="2">
            <Text as="div" size="1">
              <Text color="gray" highContrast mr="2">
                {t('detail.deliveryId')}
              </Text>
              <CopyField text={deliveryId} what={t('detail.deliveryId')} />
            </Text>
            <Json text={prettyJson(body)} what={t('detail.sent')} />
          </Flex>
        </details>
      </Flex>
    </Card>
  );
}

function Tries({ tries }: { tries: CallbackStory['tries'] }) {
  const { t, i18n } = useTranslation();
  if (tries.length === 0) return <Text size="2">{t('detail.noTries')}</Text>;
  const time = new Intl.DateTimeFormat(i18n.language, { dateStyle: 'short', timeStyle: 'medium' });
  return (
    <Table.Root size="1" variant="ghost">
      <Table.Header>
        <Table.Row>
          <Table.ColumnHeaderCell>{t('detail.try')}</Table.ColumnHeaderCell>
          <Table.ColumnHeaderCell>{t('detail.when')}</Table.ColumnHeaderCell>
          <Table.ColumnHeaderCell>{t('detail.took')}</Table.ColumnHeaderCell>
          <Table.ColumnHeaderCell>{t('detail.answered')}</Table.ColumnHeaderCell>
        </Table.Row>
      </Table.Header>
      <Table.Body>
        {tries.map(({ attempt, at, tookMs, status, error, answer }) => (
          <Table.Row key={attempt}>
            <Table.RowHeaderCell className="numbers">{attempt}</Table.RowHeaderCell>
            <Table.Cell className="numbers">{time.format(new Date(at))}</Table.Cell>
            <Table.Cell className="numbers">
              {tookMs < 1000 ? `${tookMs} ms` : `${(tookMs / 1000).toFixed(1)} s`}
            </Table.Cell>
            <Table.Cell>
              <Text as="div" weight="medium">
                {status === null ? (error ?? t('detail.noAnswer')) : `HTTP ${status}`}
              </Text>
              {answer !== null && (
                <Text as="div" className="copy-text" size="1">
                  {answer}
                </Text>
              )}
            </Table.Cell>
          </Table.Row>
        ))}
      </Table.Body>
    </Table.Root>
  );
}
