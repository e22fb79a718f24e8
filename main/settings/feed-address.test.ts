import { describe, expect, it } from 'vitest';
import { feedProblem } from './feed-address.ts';
import { parseSettings } from './settings.ts';

describe('the address of a feed', () => {
  it.each([
    'https://updates.example.com',
    'https://updates.example.com:8443/recorder/stable/',
    'http://127.0.0.1:8080/feed',
    'http://127.3.2.1/',
    'http://[::1]:9000/',
    'http://localhost/feed/',
  ])('may be %s', (address) => {
    expect(feedProblem(address)).toBeNull();
    expect(parseSettings({ updates: { feedUrl: address } }).updates.feedUrl).toBe(address);
  });

  it.each([
    ['http://updates.example.com/', /https/],
    ['http://10.0.0.7/feed', /https/],
    ['http://127.0.0.1.example.com/', /https/],
    ['http://127.0.0.1@example.com/', /https/],
    ['ftp://updates.example.com/', /https/],
    ['file:///srv/feed', /https/],
    ['https://me:hush@updates.example.com/', /without user/],
    ['https://updates.example.com/?token=hush', /without user/],
    ['https://updates.example.com/#hush', /without user/],
    ['updates.example.com', /not an address/],
    ['\\\\server\\share', /not an address/],
  ])('may not be %s', (address, message) => {
    const problem = feedProblem(address);
    expect(problem?.message).toMatch(message);
    expect(problem?.zh).toMatch(/\p{Script=Han}/u);
    expect(JSON.stringify(problem)).not.toContain('hush');
    expect(() => parseSettings({ updates: { feedUrl: address } })).toThrow(/updates\.feedUrl/);
  });

  it('is off by default, and so is installing without being asked', () => {
    expect(parseSettings({}).updates).toEqual({ feedUrl: null, checkHours: 24, install: 'ask' });
  });
});
