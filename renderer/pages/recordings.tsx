import { Flex, Heading, Select, Switch, Table, Text, TextField } from '@radix-ui/themes';
import { useDeferredValue, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useLocation } from 'wouter';
import type { RecordingAnswer } from '../../shared/api/views.ts';
import { MODES, type Mode, RECORDING_STATES, type RecordingState } from '../../shared/recording.ts';
import { useRoute } from '../data/queries.ts';
import { formatLength, formatSize, formatTime } from '../format.ts';
import { Pager } from '../parts/pager.tsx';
import { roomOf, StateBadge } from '../parts/words.tsx';

const PAGE_ROWS = 50;
const ANY = 'any';

interface Filters {
  text: string;
  state: RecordingState | typeof ANY;
  mode: Mode | typeof ANY;
  attention: boolean;
}

const ALL: Filters = { text: '', state: ANY, mode: ANY, attention: false };

/** Every recording the box knows, found by what a person remembers of it. */
export function RecordingsPage() {
  const { t } = useTranslation();
  const [filters, setFilters] = useState(ALL);
  /** Ids after which the pages before this one ended. */
  const [trail, setTrail] = useState<readonly string[]>([]);
  const text = useDeferredValue(filters.text.trim());
  const change = (changes: Partial<Filters>) => {
    setFilters({ ...filters, ...changes });
    setTrail([]);
  };
  const { data } = useRoute('listRecordings', {
    query: {
      limit: PAGE_ROWS,
      ...(text ? { text } : {}),
      ...(filters.state === ANY ? {} : { state: filters.state }),
      ...(filters.mode === ANY ? {} : { mode: filters.mode }),
      ...(filters.attention ? { attention: true } : {}),
      ...(trail.length > 0 ? { before: trail.at(-1) } : {}),
    },
  });
  return (
    <>
      <Heading as="h2" size="6">
        {t('recordings.title')}
      </Heading>
      <FilterBar filters={filters} onChange={change} />
      {data && (
        <>
          <Text size="2" role="status" color="gray" highContrast className="numbers">
            {data.total === 0 ? t('recordings.empty') : t('recordings.count', { count: data.total })}
          </Text>
          {data.total > 0 && <RecordingTable recordings={data.recordings} />}
          <Pager
            hasNewer={trail.length > 0}
            hasOlder={data.before !== null}
            onNewer={() => setTrail(trail.slice(0, -1))}
            onOlder={() => data.before !== null && setTrail([...trail, data.before])}
          />
        </>
      )}
    </>
  );
}

function FilterBar({ filters, onChange }: { filters: Filters; onChange(changes: Partial<Filters>): void }) {
  const { t } = useTranslation();
  return (
    <Flex gap="3" wrap="wrap" align="center" role="search">
      <TextField.Root
        type="search"
        aria-label={t('recordings.search')}
        placeholder={t('recordings.searchHint')}
        value={filters.text}
        maxLength={100}
        onChange={(event) => onChange({ text: event.target.value })}
        style={{ flex: '1 1 260px' }}
      />
      <Select.Root value={filters.state} onValueChange={(state) => onChange({ state: state as Filters['state'] })}>
        <Select.Trigger aria-label={t('recordings.state')} />
        <Select.Content>
          <Select.Item value={ANY}>{t('recordings.anyState')}</Select.Item>
          {RECORDING_STATES.map((state) => (
            <Select.Item key={state} value={state}>
              {t(`state.${state}`)}
            </Select.Item>
          ))}
        </Select.Content>
      </Select.Root>
      <Select.Root value={filters.mode} onValueChange={(mode) => onChange({ mode: mode as Filters['mode'] })}>
        <Select.Trigger aria-label={t('recordings.mode')} />
        <Select.Content>
          <Select.Item value={ANY}>{t('recordings.anyMode')}</Select.Item>
          {MODES.map((mode) => (
            <Select.Item key={mode} value={mode}>
              {t(`mode.${mode}`)}
            </Select.Item>
          ))}
        </Select.Content>
      </Select.Root>
      <Text as="label" size="2">
        <Flex gap="2" align="center">
          <Switch checked={filters.attention} onCheckedChange={(attention) => onChange({ attention })} />
          {t('recordings.needsAttention')}
        </Flex>
      </Text>
    </Flex>
  );
}

function RecordingTable({ recordings }: { recordings: readonly RecordingAnswer[] }) {
  const { t, i18n } = useTranslation();
  const [, go] = useLocation();
  return (
    <Table.Root variant="surface" size="2">
      <Table.Header>
        <Table.Row>
          <Table.ColumnHeaderCell>{t('recordings.room')}</Table.ColumnHeaderCell>
          <Table.ColumnHeaderCell>{t('recordings.state')}</Table.ColumnHeaderCell>
          <Table.ColumnHeaderCell>{t('recordings.started')}</Table.ColumnHeaderCell>
          <Table.ColumnHeaderCell justify="end">{t('recordings.length')}</Table.ColumnHeaderCell>
          <Table.ColumnHeaderCell justify="end">{t('recordings.size')}</Table.ColumnHeaderCell>
        </Table.Row>
      </Table.Header>
      <Table.Body>
        {recordings.map((recording) => (
          <Table.Row key={recording.id} className="row-link" onClick={() => go(`/recordings/${recording.id}`)}>
            <Table.RowHeaderCell>
              <Link href={`/recordings/${recording.id}`} onClick={(event) => event.stopPropagation()}>
                {roomOf(recording)}
              </Link>
              <Text as="p" size="1" color="gray" highContrast>
                {`${recording.request.UserId} · ${t(`mode.${recording.request.Mode}`)}`}
              </Text>
            </Table.RowHeaderCell>
            <Table.Cell>
              <StateBadge recording={recording} />
            </Table.Cell>
            <Table.Cell>{formatTime(recording.startedAt ?? recording.createdAt, i18n.language)}</Table.Cell>
            <Table.Cell justify="end" className="numbers">
              {formatLength(recording.durationMs)}
            </Table.Cell>
            <Table.Cell justify="end" className="numbers">
              {formatSize(
                recording.files.reduce((sum, { bytes }) => sum + bytes, 0),
                i18n.language,
              )}
            </Table.Cell>
          </Table.Row>
        ))}
      </Table.Body>
    </Table.Root>
  );
}
