import { Skeleton, Table, Text } from '@radix-ui/themes';
import { memo } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useLocation } from 'wouter';
import type { RecordingAnswer } from '../../../shared/api/views.ts';
import { formatLength, formatSize, formatTime } from '../../format.ts';
import { StatusLine } from '../../parts/status-line.tsx';
import { roomOf, StateBadge } from '../../parts/words.tsx';
import { type Filters, type Sort, sortedBy } from './filters.ts';

const COLUMNS = ['room', 'state', 'started', 'length', 'size'] as const satisfies readonly Sort[];
const NUMBERS: readonly Sort[] = ['length', 'size'];
const SKELETON_ROWS = 10;

interface RecordingTableProps {
  /** Null while the first page is on its way. */
  recordings: readonly RecordingAnswer[] | null;
  filters: Filters;
  onSort(next: Filters): void;
}

/** One page of recordings, sorted by the head of a column. */
export function RecordingTable({ recordings, filters, onSort }: RecordingTableProps) {
  return (
    <Table.Root variant="surface" size="2" layout="fixed" className="library-table">
      <Table.Header>
        <Table.Row>
          {COLUMNS.map((column) => (
            <SortHead key={column} column={column} filters={filters} onSort={onSort} />
          ))}
        </Table.Row>
      </Table.Header>
      <Rows recordings={recordings} />
    </Table.Root>
  );
}

/** Drawn anew only with other recordings, not with every letter of a filter. */
const Rows = memo(({ recordings }: Pick<RecordingTableProps, 'recordings'>) => (
  <Table.Body>
    {recordings
      ? // By place: another page fills the rows that are there, which is far less work than drawing new ones.
        recordings.map((recording, row) => <RecordingRow key={`row ${row}`} recording={recording} />)
      : Array.from({ length: SKELETON_ROWS }, (_, row) => <SkeletonRow key={`row ${row}`} />)}
  </Table.Body>
));

function SortHead({ column, filters, onSort }: { column: Sort; filters: Filters; onSort(next: Filters): void }) {
  const { t } = useTranslation();
  const isSorted = filters.sort === column;
  const direction = filters.order === 'asc' ? 'ascending' : 'descending';
  return (
    <Table.ColumnHeaderCell
      className={`library-${column}`}
      justify={NUMBERS.includes(column) ? 'end' : 'start'}
      aria-sort={isSorted ? direction : 'none'}
    >
      <button type="button" className="sort" onClick={() => onSort(sortedBy(filters, column))}>
        {t(`library.sorts.${column}`)}
        <span className="sort-mark" aria-hidden="true" data-shown={isSorted}>
          {filters.order === 'asc' ? '↑' : '↓'}
        </span>
      </button>
    </Table.ColumnHeaderCell>
  );
}

const RecordingRow = memo(({ recording }: { recording: RecordingAnswer }) => {
  const { t, i18n } = useTranslation();
  const [, go] = useLocation();
  const { id, request } = recording;
  return (
    <Table.Row className="row-link" onClick={() => go(`/recordings/${id}`)}>
      <Table.RowHeaderCell>
        <Link
          href={`/recordings/${id}`}
          className="library-link ellipsis"
          title={roomOf(recording)}
          onClick={(event) => event.stopPropagation()}
        >
          {roomOf(recording)}
        </Link>
        <Text as="p" size="1" color="gray" highContrast className="ellipsis">
          {`${request.UserId} · ${t(`mode.${request.Mode}`)}`}
        </Text>
      </Table.RowHeaderCell>
      <Table.Cell>
        <StateBadge recording={recording} />
        <Text as="p" size="1" mt="1" color="gray" highContrast className="library-status">
          <StatusLine recording={recording} />
        </Text>
      </Table.Cell>
      <Table.Cell>{formatTime(recording.startedAt ?? recording.createdAt, i18n.language)}</Table.Cell>
      <Table.Cell justify="end" className="numbers">
        {formatLength(recording.durationMs)}
      </Table.Cell>
      <Table.Cell justify="end" className="numbers">
        {sizeText(recording, i18n.language)}
      </Table.Cell>
    </Table.Row>
  );
});

/** Size of all files together; a dash while there is none. */
export function sizeText({ files }: Pick<RecordingAnswer, 'files'>, language: string): string {
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  return bytes === 0 ? '–' : formatSize(bytes, language);
}

function SkeletonRow() {
  return (
    <Table.Row aria-hidden="true">
      {COLUMNS.map((column) => (
        <Table.Cell key={column}>
          <Skeleton>
            <Text as="p" size="2">
              00:00
            </Text>
          </Skeleton>
          {(column === 'room' || column === 'state') && (
            <Skeleton>
              <Text as="p" size="1" mt="1">
                00:00
              </Text>
            </Skeleton>
          )}
        </Table.Cell>
      ))}
    </Table.Row>
  );
}
