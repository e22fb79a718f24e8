import './recordings.css';
import { Button, Card, Flex, Heading, Text } from '@radix-ui/themes';
import { useDeferredValue, useEffect, useMemo, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { useLocation, useSearch } from 'wouter';
import { useRoute } from '../data/queries.ts';
import { Pager } from '../parts/pager.tsx';
import { Problem } from '../parts/problem.tsx';
import { useIsWide } from '../parts/wide.ts';
import { RecordingCards } from './recordings/cards.tsx';
import { FilterBar } from './recordings/filter-bar.tsx';
import {
  changeFilters,
  type Filters,
  isFiltered,
  NO_FILTERS,
  queryOf,
  readFilters,
  writeFilters,
} from './recordings/filters.ts';
import { RecordingTable } from './recordings/table.tsx';

const PAGE_ROWS = 50;
/** Narrower windows get cards in place of a table. */
const TABLE_FROM_PX = 960;

/**
 * Every recording the box knows, found by what a person remembers of it. What is looked for stands in the address: going back works, and a
 * link shows somebody else the same.
 */
export function RecordingsPage() {
  const { t } = useTranslation();
  const search = useSearch();
  const [place, go] = useLocation();
  const filters = useMemo(() => readFilters(search), [search]);
  const isWide = useIsWide(TABLE_FROM_PX);
  const { data, error, isPlaceholderData, refetch } = useRoute('listRecordings', {
    query: queryOf(filters, PAGE_ROWS),
  });
  /** Typing replaces the address, so that going back leaves the page and not each letter. */
  const show = (next: Filters, replace = false) => go(`${place}?${writeFilters(next)}`, { replace });
  useEffect(() => {
    // A list that is another one begins at its top.
    if (filters.before !== '' || filters.after !== '') window.scrollTo({ top: 0 });
  }, [filters.before, filters.after]);

  // While another page is on its way, everything that is said belongs to the rows that are still shown.
  const arrived = useRef(filters);
  useEffect(() => {
    if (!isPlaceholderData) arrived.current = filters;
  }, [isPlaceholderData, filters]);
  const shown = isPlaceholderData ? arrived.current : filters;
  // Rows are drawn in small pieces, between which the page answers to whoever types or clicks.
  const list = useDeferredValue(useMemo(() => ({ data, shown }), [data, shown]));
  const page = list.data;
  const isEmpty = page?.recordings.length === 0;
  return (
    <>
      <Flex justify="between" align="baseline" gap="3" wrap="wrap">
        <Heading as="h2" size="6">
          {t('recordings.title')}
        </Heading>
        <Text size="2" role="status" color="gray" highContrast className="numbers">
          {page && t(isFiltered(list.shown) ? 'library.found' : 'library.all', { count: page.total })}
        </Text>
      </Flex>
      <FilterBar filters={filters} isWide={isWide} onChange={show} />
      {error && !data && <Problem error={error} onRetry={() => void refetch()} />}
      {isEmpty ? (
        <Nothing filters={list.shown} total={page?.total ?? 0} onShow={show} />
      ) : (
        <div className="library" aria-busy={isPlaceholderData || !page}>
          {isWide ? (
            <RecordingTable recordings={page?.recordings ?? null} filters={filters} onSort={show} />
          ) : (
            <RecordingCards recordings={page?.recordings ?? null} />
          )}
        </div>
      )}
      {page && !isEmpty && <Pages page={page} shown={list.shown} onShow={show} />}
    </>
  );
}

interface PagesProps {
  page: { recordings: readonly unknown[]; total: number; before: string | null; after: string | null };
  /** Filters that found this page. */
  shown: Filters;
  onShow(next: Filters): void;
}

function Pages({ page, shown, onShow }: PagesProps) {
  const { before, after, total } = page;
  const last = shown.at + page.recordings.length;
  return (
    <Pager
      from={shown.at + 1}
      to={last}
      total={Math.max(total, last)}
      onFirst={shown.before || shown.after ? () => onShow(changeFilters(shown, {})) : null}
      onPrevious={after === null || shown.at === 0 ? null : () => onShow(previousPage(shown, after))}
      onNext={before === null ? null : () => onShow(changeFilters(shown, { before, at: last }))}
    />
  );
}

function previousPage(filters: Filters, after: string): Filters {
  const at = Math.max(0, filters.at - PAGE_ROWS);
  // The first page is the first page, also when recordings came in meanwhile.
  return at === 0 ? changeFilters(filters, {}) : changeFilters(filters, { after, at });
}

/** Why the list is empty, and the way out. */
function Nothing({ filters, total, onShow }: { filters: Filters; total: number; onShow(next: Filters): void }) {
  const { t } = useTranslation();
  const isLaterPage = total > 0;
  const kind = isLaterPage ? 'gone' : isFiltered(filters) ? 'nothing' : 'empty';
  return (
    <Card size="3">
      <Heading as="h3" size="4" mb="1">
        {t(`library.${kind}Title`)}
      </Heading>
      {kind !== 'gone' && (
        <Text as="p" color="gray" highContrast>
          {t(`library.${kind}Text`)}
        </Text>
      )}
      {kind === 'gone' && (
        <Button mt="3" variant="soft" highContrast onClick={() => onShow(changeFilters(filters, {}))}>
          {t('library.first')}
        </Button>
      )}
      {kind === 'nothing' && (
        <Button
          mt="3"
          variant="soft"
          highContrast
          onClick={() => onShow({ ...NO_FILTERS, sort: filters.sort, order: filters.order })}
        >
          {t('library.clear')}
        </Button>
      )}
    </Card>
  );
}
