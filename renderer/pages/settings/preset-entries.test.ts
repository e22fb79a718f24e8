import { describe, expect, it } from 'vitest';
import {
  type ApplicationEntry,
  applicationBody,
  type DestinationEntry,
  destinationBody,
  problemsOfApplication,
  problemsOfDestination,
} from './preset-entries.ts';

const PLACE: DestinationEntry = {
  ...{ name: 'a', Region: ' ap-x ', Bucket: 'b-1', Path: '/', keys: 'keep' },
  ...{ SecretId: 'id', SecretKey: 'key', Token: '' },
};
const APP: ApplicationEntry = { name: 'a', SdkAppId: ' 14 ', keys: 'keep', SdkSecretKey: 'key' };

describe('what is sent for a saved destination', () => {
  it('leaves secrets out that stay, makes those null that go, and sends those that are new', () => {
    const place = { Region: 'ap-x', Bucket: 'b-1', Path: '/' };
    expect(destinationBody(PLACE)).toEqual(place);
    expect(destinationBody({ ...PLACE, keys: 'none' })).toEqual({
      ...place,
      ...{ SecretId: null, SecretKey: null, Token: null },
    });
    expect(destinationBody({ ...PLACE, keys: 'new' })).toEqual({
      ...place,
      ...{ SecretId: 'id', SecretKey: 'key', Token: null },
    });
  });

  it('is judged by the rules of the box, missing new keys included', () => {
    const wrong = { ...PLACE, name: ' ', Bucket: 'B', Region: '', keys: 'new', SecretId: '', SecretKey: '' } as const;
    expect(problemsOfDestination(wrong)).toEqual([
      { field: 'name', words: 'presets.wrongName' },
      { field: 'Region', words: 'start.wrong.required' },
      { field: 'Bucket', words: 'start.wrong.bucket' },
      { field: 'SecretId', words: 'start.wrong.required' },
    ]);
    expect(problemsOfDestination({ ...PLACE, keys: 'new', SecretKey: '' })).toEqual([
      { field: 'SecretKey', words: 'start.wrong.pair' },
    ]);
    expect(problemsOfDestination(PLACE)).toEqual([]);
  });
});

describe('what is sent for a saved application', () => {
  it('follows the choice for its key', () => {
    expect(applicationBody(APP)).toEqual({ SdkAppId: 14 });
    expect(applicationBody({ ...APP, keys: 'none' })).toEqual({ SdkAppId: 14, SdkSecretKey: null });
    expect(applicationBody({ ...APP, keys: 'new' })).toEqual({ SdkAppId: 14, SdkSecretKey: 'key' });
    expect(applicationBody({ ...APP, keys: 'new', SdkSecretKey: ' ' })).toEqual({ SdkAppId: 14, SdkSecretKey: null });
  });

  it('is judged by the rules of the box', () => {
    expect(problemsOfApplication({ ...APP, SdkAppId: '1x', keys: 'new', SdkSecretKey: 'a b' })).toEqual([
      { field: 'SdkAppId', words: 'start.wrong.sdkAppId' },
      { field: 'SdkSecretKey', words: 'start.wrong.key' },
    ]);
    expect(problemsOfApplication({ ...APP, SdkAppId: '' })).toEqual([
      { field: 'SdkAppId', words: 'start.wrong.required' },
    ]);
    expect(problemsOfApplication(APP)).toEqual([]);
  });
});
