import { Button, Flex, Select, Switch, Text, TextField } from '@radix-ui/themes';
import { type ReactNode, useEffect, useId, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { MODES, RECORDING_STATES } from '../../../shared/recording.ts';
import { changeFilters, type Filters, isFiltered, NO_FILTERS, type Order, RARE, SORTS, type Sort } from './filters.ts';

/** Whoever types is waited for this long before the box is asked. */
const TYPING_MS = 250;
/** The value of a choice that asks nothing; an empty one is not allowed there. */
const ANY = 'any';

interface FilterBarProps {
  filters: Filters;
  /** Narrow windows have no head of a table to sort by. */
  isWide: boolean;
  /** @param replace the address is replaced, as while somebody types */
  onChange(next: Filters, replace?: boolean): void;
}

/** What is looked for. */
export function FilterBar({ filters, isWide, onChange }: FilterBarProps) {
  const { t } = useTranslation();
  const [isOpen, setOpen] = useState(() => RARE.some((name) => filters[name] !== ''));
  const change = (changes: Partial<Filters>, replace?: boolean) => onChange(changeFilters(filters, changes), replace);
  const rareId = useId();
  return (
    <search className="filters">
      <div className="filters-row">
        <TypedField
          className="filters-search"
          type="search"
          label={t('library.search')}
          placeholder={t('library.searchHint')}
          value={filters.text}
          maxLength={100}
          onSettled={(text) => change({ text }, true)}
        />
        <Choice
          label={t('library.state')}
          value={filters.state}
          any={t('library.anyState')}
          choices={RECORDING_STATES.map((state) => [state, t(`state.${state}`)])}
          onChoose={(state) => change({ state: state as Filters['state'] })}
        />
        <Choice
          label={t('library.mode')}
          value={filters.mode}
          any={t('library.anyMode')}
          choices={MODES.map((mode) => [mode, t(`mode.${mode}`)])}
          onChoose={(mode) => change({ mode: mode as Filters['mode'] })}
        />
        <Button
          variant="soft"
          color="gray"
          highContrast
          aria-expanded={isOpen}
          aria-controls={rareId}
          onClick={() => setOpen(!isOpen)}
        >
          {isOpen ? t('library.fewer') : t('library.more')}
        </Button>
      </div>
      <RareFilters id={rareId} isOpen={isOpen} filters={filters} onChange={change} />
      <Flex gap="4" wrap="wrap" align="center" minHeight="32px">
        <Text as="label" size="2">
          <Flex gap="2" align="center">
            <Switch checked={filters.attention} onCheckedChange={(attention) => change({ attention })} />
            {t('library.attention')}
          </Flex>
        </Text>
        {!isWide && <SortChoice filters={filters} onChange={change} />}
        {isFiltered(filters) && (
          <Button
            variant="ghost"
            highContrast
            onClick={() => onChange({ ...NO_FILTERS, sort: filters.sort, order: filters.order })}
          >
            {t('library.clear')}
          </Button>
        )}
      </Flex>
    </search>
  );
}

/** What few ask for; it keeps what was typed while it is folded away. */
function RareFilters({
  id,
  isOpen,
  filters,
  onChange,
}: {
  id: string;
  isOpen: boolean;
  filters: Filters;
  onChange(changes: Partial<Filters>, replace?: boolean): void;
}) {
  const { t } = useTranslation();
  return (
    <div className="filters-row" id={id} hidden={!isOpen}>
      <Labelled label={t('library.room')}>
        <TypedField
          label={t('library.room')}
          placeholder={t('library.roomHint')}
          value={filters.room}
          maxLength={64}
          onSettled={(room) => onChange({ room }, true)}
        />
      </Labelled>
      <Labelled label={t('library.user')}>
        <TypedField
          label={t('library.user')}
          placeholder={t('library.userHint')}
          value={filters.user}
          maxLength={32}
          onSettled={(user) => onChange({ user }, true)}
        />
      </Labelled>
      <Labelled label={t('library.from')}>
        <DayField label={t('library.from')} value={filters.from} onChange={(from) => onChange({ from })} />
      </Labelled>
      <Labelled label={t('library.to')}>
        <DayField label={t('library.to')} value={filters.to} onChange={(to) => onChange({ to })} />
      </Labelled>
    </div>
  );
}

function SortChoice({ filters, onChange }: { filters: Filters; onChange(changes: Partial<Filters>): void }) {
  const { t } = useTranslation();
  return (
    <Flex gap="2" wrap="wrap">
      <Choice
        label={t('library.sort')}
        value={filters.sort}
        choices={SORTS.map((sort) => [sort, t(`library.sorts.${sort}`)])}
        onChoose={(sort) => onChange({ sort: sort as Sort })}
      />
      <Choice
        label={t('library.order')}
        value={filters.order}
        choices={(['desc', 'asc'] as const).map((order) => [order, t(`library.orders.${order}`)])}
        onChoose={(order) => onChange({ order: order as Order })}
      />
    </Flex>
  );
}

function Labelled({ label, children }: { label: string; children: ReactNode }) {
  return (
    <Flex direction="column" gap="1" flexGrow="1" flexBasis="160px" minWidth="0">
      <Text size="1" color="gray" highContrast aria-hidden="true">
        {label}
      </Text>
      {children}
    </Flex>
  );
}

interface ChoiceProps {
  label: string;
  value: string;
  /** Words for "whatever it is"; without them one of the choices is always chosen. */
  any?: string;
  choices: readonly (readonly [string, string])[];
  onChoose(value: string): void;
}

function Choice({ label, value, any, choices, onChoose }: ChoiceProps) {
  return (
    <Select.Root value={value || ANY} onValueChange={(chosen) => onChoose(chosen === ANY ? '' : chosen)}>
      <Select.Trigger className="filters-choice" aria-label={label} />
      <Select.Content>
        {any !== undefined && <Select.Item value={ANY}>{any}</Select.Item>}
        {choices.map(([choice, words]) => (
          <Select.Item key={choice} value={choice}>
            {words}
          </Select.Item>
        ))}
      </Select.Content>
    </Select.Root>
  );
}

interface TypedFieldProps {
  label: string;
  placeholder: string;
  value: string;
  maxLength: number;
  type?: 'search' | 'text';
  className?: string;
  onSettled(value: string): void;
}

/** Says what was typed once nobody types any more. */
function TypedField({ label, value, type = 'text', onSettled, ...rest }: TypedFieldProps) {
  const [typed, setTyped] = useState(value);
  const [settled, setSettled] = useState(value);
  if (value !== settled) {
    // The address says something else: somebody went back, or took the filters away.
    setSettled(value);
    setTyped(value);
  }
  useEffect(() => {
    if (typed === settled) return;
    const timer = setTimeout(() => {
      setSettled(typed);
      onSettled(typed);
    }, TYPING_MS);
    return () => clearTimeout(timer);
  });
  return (
    <TextField.Root
      {...rest}
      type={type}
      aria-label={label}
      value={typed}
      onChange={(event) => setTyped(event.target.value)}
    />
  );
}

function DayField({ label, value, onChange }: { label: string; value: string; onChange(value: string): void }) {
  return (
    <TextField.Root type="date" aria-label={label} value={value} onChange={(event) => onChange(event.target.value)} />
  );
}
