import { Button, Flex, Skeleton, Text } from '@radix-ui/themes';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { api } from '../../data/api.ts';
import { Problem } from '../../parts/problem.tsx';
import { auditSentence } from './audit-words.ts';

const PAGE_EVENTS = 100;

/** Everything that happened to the recording, oldest first, a page at a time. */
export function History({ id }: { id: string }) {
  const { t, i18n } = useTranslation();
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery({
    queryKey: ['getRecordingEvents', { params: { id } }, 'paged'],
    queryFn: ({ pageParam, signal }) =>
      api().call('getRecordingEvents', { params: { id }, query: { after: pageParam, limit: PAGE_EVENTS } }, { signal }),
    initialPageParam: 0,
    getNextPageParam: ({ events }) => (events.length < PAGE_EVENTS ? null : (events.at(-1)?.seq ?? null)),
  });
  if (error && !data) return <Problem error={error} onRetry={() => void refetch()} />;
  if (!data) return <Skeleton height="160px" />;
  const time = new Intl.DateTimeFormat(i18n.language, {
    ...{ month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' },
  });
  return (
    <Flex direction="column" gap="3" align="start">
      <ol className="history">
        {data.pages.flatMap(({ events }) =>
          events.map((event) => (
            <li key={event.seq}>
              <Text size="1" asChild>
                <time className="numbers" dateTime={event.at}>
                  {time.format(new Date(event.at))}
                </time>
              </Text>
              <Text size="2" className="copy-text" title={event.type}>
                {auditSentence(event, t, i18n.language)}
              </Text>
            </li>
          )),
        )}
      </ol>
      {hasNextPage && (
        <Button variant="soft" highContrast loading={isFetchingNextPage} onClick={() => void fetchNextPage()}>
          {t('common.more')}
        </Button>
      )}
    </Flex>
  );
}
