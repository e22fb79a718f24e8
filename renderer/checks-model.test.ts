import { expect, it } from 'vitest';
import { ApiError } from '../shared/api/client.ts';
import { cosRequestOf, fieldProblems, isAboutFields, NO_COS_FIELDS } from './checks-model.ts';

it('leaves out keys that were not typed, so that those of the box count, and keeps what is empty otherwise', () => {
  const place = { ...NO_COS_FIELDS, Region: ' ap-shanghai ', Bucket: 'b-1' };
  expect(cosRequestOf(place)).toEqual({ Region: 'ap-shanghai', Bucket: 'b-1', Path: '/' });
  expect(cosRequestOf({ ...place, Bucket: '', SecretId: 'id', SecretKey: 'key' })).toEqual({
    ...{ Region: 'ap-shanghai', Bucket: '', Path: '/', SecretId: 'id', SecretKey: 'key' },
  });
});

it('finds what is wrong with single fields, and knows whether they are shown', () => {
  const error = new ApiError({
    ...{ type: 'x', title: 'x', status: 400, detail: 'x', code: 'INVALID_REQUEST', remedy: 'x' },
    errors: [{ field: 'Bucket', rule: 'pattern', message: 'Wrong.', remedy: 'Correct it.' }],
  });
  expect(fieldProblems(error)).toEqual({ Bucket: 'Wrong. Correct it.' });
  expect(isAboutFields(error, ['Bucket', 'Region'])).toBe(true);
  expect(isAboutFields(error, ['Region'])).toBe(false);
  expect([fieldProblems(new Error('x')), isAboutFields(null, ['Bucket'])]).toEqual([{}, false]);
});
