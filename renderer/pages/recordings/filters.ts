import { RECORDING_SORTS } from '../../../shared/api/recording-routes.ts';
import type { RouteInput } from '../../../shared/api/route.ts';
import type { ROUTES } from '../../../shared/api/routes.ts';
import { MODES, type Mode, RECORDING_STATES, type RecordingState } from '../../../shared/recording.ts';

export type Sort = Exclude<(typeof RECORDING_SORTS)[number], 'created'>;
export const SORTS = RECORDING_SORTS.filter((sort) => sort !== 'created') as readonly Sort[];
export type Order = 'desc' | 'asc';

/** What is looked for, and which page of it is shown; empty texts ask nothing. Days are `YYYY-MM-DD` in the reader's own time. */
export interface Filters {
  text: string;
  state: RecordingState | '';
  mode: Mode | '';
  attention: boolean;
  room: string;
  user: string;
  from: string;
  to: string;
  sort: Sort;
  order: Order;
  /** Place behind which the page begins, or before which it ends; both empty for the first page. */
  before: string;
  after: string;
  /** How many recordings come before the page, as far as the reader has leafed. */
  at: number;
}

export const NO_FILTERS: Filters = {
  ...{ text: '', state: '', mode: '', attention: false, room: '', user: '', from: '', to: '' },
  ...{ sort: 'started', order: 'desc', before: '', after: '', at: 0 },
};

/** What is asked besides text, state, mode and attention: shown only when somebody wants it. */
export const RARE = ['room', 'user', 'from', 'to'] as const satisfies readonly (keyof Filters)[];

const LONGEST = { text: 100, room: 64, user: 32 } as const;

/** Reads the filters out of an address; what is no filter, or no value of one, counts as not given. */
export function readFilters(search: string): Filters {
  const given = new URLSearchParams(search);
  const text = (name: string): string => given.get(name) ?? '';
  const oneOf = <Word extends string>(words: readonly Word[], name: string): Word | '' =>
    words.find((word) => word === given.get(name)) ?? '';
  const day = (name: string): string => (dayStartMs(text(name)) === null ? '' : text(name));
  return {
    text: text('text').slice(0, LONGEST.text),
    state: oneOf(RECORDING_STATES, 'state'),
    mode: oneOf(MODES, 'mode'),
    attention: given.get('attention') === 'true',
    room: text('room').slice(0, LONGEST.room),
    user: text('user').slice(0, LONGEST.user),
    from: day('from'),
    to: day('to'),
    sort: oneOf(SORTS, 'sort') || NO_FILTERS.sort,
    order: given.get('order') === 'asc' ? 'asc' : 'desc',
    before: text('before'),
    after: text('after'),
    at: /^\d{1,12}$/.test(text('at')) ? Number(text('at')) : 0,
  };
}

/** The address of a list: only what differs from the list of everything. */
export function writeFilters(filters: Filters): string {
  const written = new URLSearchParams();
  for (const name of Object.keys(NO_FILTERS) as (keyof Filters)[]) {
    if (filters[name] !== NO_FILTERS[name]) written.set(name, String(filters[name]));
  }
  return written.toString();
}

/** Filters with changes; other filters or another order begin with the first page. */
export function changeFilters(filters: Filters, changes: Partial<Filters>): Filters {
  return { ...filters, before: '', after: '', at: 0, ...changes };
}

/** Whether anything is left out of the list. */
export function isFiltered(filters: Filters): boolean {
  const { text, state, mode, attention, room, user, from, to } = filters;
  return attention || [text.trim(), state, mode, room.trim(), user.trim(), from, to].some((value) => value !== '');
}

type ListQuery = NonNullable<RouteInput<(typeof ROUTES)['listRecordings']>['query']>;

/** What the box is asked for. */
export function queryOf(filters: Filters, limit: number): ListQuery {
  const { state, mode, attention, sort, order, before, after } = filters;
  const [text, room, user] = [filters.text.trim(), filters.room.trim(), filters.user.trim()];
  const [fromMs, toMs] = [dayStartMs(filters.from), dayStartMs(filters.to, 1)];
  return {
    ...{ limit, sort, order },
    ...(text === '' ? {} : { text }),
    ...(state === '' ? {} : { state }),
    ...(mode === '' ? {} : { mode }),
    ...(attention ? { attention } : {}),
    ...(room === '' ? {} : { room }),
    ...(user === '' ? {} : { user }),
    ...(fromMs === null ? {} : { from: new Date(fromMs).toISOString() }),
    ...(toMs === null ? {} : { to: new Date(toMs).toISOString() }),
    ...(before === '' ? {} : { before }),
    ...(before === '' && after !== '' ? { after } : {}),
  };
}

/** When a day begins where the reader is, or one so many days later; null for what is no day. */
function dayStartMs(day: string, daysLater = 0): number | null {
  const [, year, month, date] = /^(\d{4})-(\d{2})-(\d{2})$/.exec(day) ?? [];
  if (year === undefined) return null;
  const start = new Date(Number(year), Number(month) - 1, Number(date) + daysLater);
  const exact = new Date(Number(year), Number(month) - 1, Number(date));
  return exact.getMonth() === Number(month) - 1 && exact.getDate() === Number(date) ? start.getTime() : null;
}

/** What somebody clicked on in the head of the table: another order, or the same one turned round. */
export function sortedBy(filters: Filters, sort: Sort): Filters {
  const order: Order = filters.sort === sort && filters.order === 'desc' ? 'asc' : 'desc';
  return changeFilters(filters, { sort, order });
}
