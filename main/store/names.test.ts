import { expect, it } from 'vitest';
import { namesOf, shownName } from './names.ts';

it('names are texts by user id; what cannot be read is none', () => {
  expect(namesOf({ namesJson: '{"a":"甲","b":5}' })).toEqual({ a: '甲' });
  for (const namesJson of ['', '[]', 'null', '{"a"']) expect(namesOf({ namesJson })).toEqual({});
});

it('a user without a name is shown by his id, whatever that is', () => {
  const row = { namesJson: '{"a":"甲","__proto__":"P"}' };
  expect(['a', 'b', 'constructor', '__proto__'].map((userId) => shownName(row, userId))).toEqual([
    ...['甲', 'b', 'constructor', 'P'],
  ]);
});
