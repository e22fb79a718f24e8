import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openLogging } from './logging.ts';
import { redact } from './redaction.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'box-log-'));
});
afterEach(() => {
  rmSync(directory, { recursive: true });
});

function logText(): string {
  const folder = join(directory, 'logs');
  return readdirSync(folder)
    .map((name) => readFileSync(join(folder, name), 'utf8'))
    .join('');
}

describe('the log', () => {
  it('holds every line at once, as JSON with a time', async () => {
    const { log, close } = await openLogging({ directory, console: null });
    log.debug('below the level');
    log.info({ recordingId: 'r1', attempts: 2 }, 'first');
    log.child({ recordingId: 'r2' }).warn('second');
    // Before close on purpose: the lines in front of a crash have to be there.
    const lines = logText()
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines).toMatchObject([
      { msg: 'first', recordingId: 'r1', attempts: 2, level: 30, time: expect.stringMatching(/^\d{4}-.*Z$/) },
      { msg: 'second', recordingId: 'r2', level: 40 },
    ]);
    await close();
  });

  it('never shows a secret, wherever it hangs', async () => {
    const { log, close } = await openLogging({ directory, console: null });
    const error = Object.assign(
      new Error('refused', { cause: Object.assign(new Error('deep'), { request: 'leak1' }) }),
      {
        code: 'E_REFUSED',
        headers: { Authorization: 'leak2' },
      },
    );
    log.error(
      { err: error, body: { UserSig: 'leak3', CosConfig: { SecretId: 'leak4', SecretKey: 'leak5', Token: 'leak6' } } },
      'a',
    );
    log.child({ userSig: 'leak7' }).info({ list: [{ deep: { authorization: 'leak8' } }] }, 'b');
    log.info(error);
    await close();
    const text = logText();
    expect(text).not.toMatch(/leak\d/);
    expect(text).toContain('E_REFUSED');
    expect(text).toContain('deep');
    expect(text.split('\n').filter(Boolean)).toHaveLength(3);
  });
});

describe('the console', () => {
  it('gets every line while somebody reads', async () => {
    const lines: string[] = [];
    const reader = new Writable({
      write(chunk: Buffer, _, next) {
        lines.push(chunk.toString());
        next();
      },
    });
    const { log, close } = await openLogging({ console: reader });
    log.warn({ recordingId: 'r1' }, 'hello');
    await close();
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([{ msg: 'hello', recordingId: 'r1' }]);
  });

  it('loses lines, and never memory or time, when nobody reads, or nobody is there', async () => {
    const deaf = new Writable({ write() {} });
    const { log, close } = await openLogging({ directory, console: deaf });
    for (let line = 0; line < 3000; line += 1) log.info({ line }, 'x'.repeat(1000));
    expect(deaf.writableLength).toBeLessThan(1.1 * 1024 * 1024);
    deaf.destroy(new Error('EPIPE'));
    await expect.poll(() => deaf.closed).toBe(true);
    log.info('still logging');
    await close();
    expect(logText().trim().split('\n')).toHaveLength(3001);
  });
});

describe('redact', () => {
  it('leaves everything else as it is and survives cycles', () => {
    const value: Record<string, unknown> = {
      a: [1, 'x', null, { b: true }],
      token: null,
      at: new Date(0),
      bytes: new Uint8Array(3),
    };
    expect(redact(value)).toEqual({ ...value, bytes: '[3 bytes]' });
    value.self = value;
    expect(() => JSON.stringify(redact(value))).not.toThrow();
  });
});
