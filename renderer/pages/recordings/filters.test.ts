import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MODES, RECORDING_STATES } from '../../../shared/recording.ts';
import {
  changeFilters,
  type Filters,
  isFiltered,
  NO_FILTERS,
  queryOf,
  readFilters,
  SORTS,
  sortedBy,
  writeFilters,
} from './filters.ts';

const anyFilters: fc.Arbitrary<Filters> = fc.record({
  text: fc.string({ maxLength: 100, unit: 'grapheme' }).filter((text) => text.length <= 100),
  state: fc.constantFrom(...RECORDING_STATES, '' as const),
  mode: fc.constantFrom(...MODES, '' as const),
  attention: fc.boolean(),
  room: fc.string({ maxLength: 64 }),
  user: fc.string({ maxLength: 32 }),
  from: fc.constantFrom('', '2026-02-28', '2024-02-29'),
  to: fc.constantFrom('', '2026-12-31'),
  sort: fc.constantFrom(...SORTS),
  order: fc.constantFrom('asc' as const, 'desc' as const),
  before: fc.constantFrom('', 'WzEsMl0'),
  after: fc.constantFrom('', 'WzEsMl0'),
  at: fc.nat(1e6),
});

describe('the address', () => {
  it('holds every filter, and gives the same ones back', () => {
    fc.assert(
      fc.property(anyFilters, (filters) => {
        expect(readFilters(writeFilters(filters))).toEqual(filters);
      }),
    );
  });

  it('of the list of everything is empty', () => {
    expect(writeFilters(NO_FILTERS)).toBe('');
    expect(readFilters('')).toEqual(NO_FILTERS);
    expect(isFiltered(NO_FILTERS)).toBe(false);
  });

  it('that somebody wrote by hand asks only what there is', () => {
    const search =
      'state=finished&mode=13&from=2026-02-30&to=tomorrow&sort=colour&order=up&at=-1&attention=yes&other=1';
    expect(readFilters(search)).toEqual(NO_FILTERS);
    expect(readFilters(`text=${'x'.repeat(200)}`).text).toHaveLength(100);
  });
});

describe('what the box is asked', () => {
  it('are days from their beginning to their end, where the reader is', () => {
    const query = queryOf({ ...NO_FILTERS, from: '2026-03-01', to: '2026-03-01' }, 50);
    expect(query.from).toBe(new Date(2026, 2, 1).toISOString());
    expect(query.to).toBe(new Date(2026, 2, 2).toISOString());
  });

  it('leaves out what nobody asks', () => {
    expect(queryOf({ ...NO_FILTERS, text: '  ', room: ' ' }, 50)).toEqual({
      limit: 50,
      sort: 'started',
      order: 'desc',
    });
    expect(queryOf({ ...NO_FILTERS, before: 'b', after: 'a' }, 50)).toMatchObject({ before: 'b' });
    expect(queryOf({ ...NO_FILTERS, before: 'b', after: 'a' }, 50)).not.toHaveProperty('after');
  });
});

it('another filter or order begins with the first page; the same column turns round', () => {
  const later = { ...NO_FILTERS, before: 'b', at: 50 };
  expect(changeFilters(later, { text: 'x' })).toEqual({ ...NO_FILTERS, text: 'x' });
  const bySize = sortedBy(later, 'size');
  expect(bySize).toEqual({ ...NO_FILTERS, sort: 'size' });
  expect(sortedBy(bySize, 'size').order).toBe('asc');
  expect(sortedBy(sortedBy(bySize, 'size'), 'size').order).toBe('desc');
});
