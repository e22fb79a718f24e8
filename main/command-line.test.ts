import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { isLoopback, readCommandLine } from './command-line.ts';

const SCENARIO = import.meta.filename;

function read(line: string) {
  return readCommandLine(line.split(' ').filter(Boolean), '1.2.3');
}

describe('serve', () => {
  test('needs only a data directory; the rest is left to the settings', () => {
    expect(read('serve --data box')).toEqual({
      command: 'serve',
      dataDirectory: path.resolve('box'),
      host: null,
      port: null,
      rooms: { kind: 'trtc' },
    });
  });

  test('with everything', () => {
    expect(read(`serve --data=/d --host ::1 --port 0 --rooms simulated --scenario ${SCENARIO}`)).toEqual({
      command: 'serve',
      dataDirectory: path.resolve('/d'),
      host: '::1',
      port: 0,
      rooms: { kind: 'simulated', scenarioPath: SCENARIO },
    });
  });
});

test('cos-server', () => {
  expect(read('cos-server --data /d --port 9000 --secret-id a --secret-key b')).toEqual({
    command: 'cos-server',
    dataDirectory: path.resolve('/d'),
    host: '127.0.0.1',
    port: 9000,
    secretId: 'a',
    secretKey: 'b',
  });
});

test('doctor', () => {
  const looking = { command: 'doctor', dataDirectory: path.resolve('/d'), rooms: 'trtc' };
  expect(read('doctor --data /d')).toEqual({ ...looking, deep: false, repair: false, cos: true, json: false });
  expect(read('doctor --data /d --deep --repair --no-cos --json --rooms simulated')).toEqual({
    ...looking,
    rooms: 'simulated',
    ...{ deep: true, repair: true, cos: false, json: true },
  });
});

test.each([
  ['', 'Usage: box'],
  ['frob', "unknown command 'frob'"],
  ['serve', '--data <directory>'],
  ['serve --data', 'argument missing'],
  ['serve --data d --port 65536', '65535'],
  ['serve --data d --port 80x', '65535'],
  ['serve --data d --port -1', '65535'],
  ['serve --data d --host 0.0.0.0', 'only on this machine'],
  ['serve --data d --host box.example.com', 'only on this machine'],
  ['serve --data d --rooms real', 'trtc, simulated'],
  ['serve --data d --rooms simulated', "needs '--scenario <file>'"],
  ['serve --data d --rooms simulated --scenario /no/such/file', 'no such file'],
  [`serve --data d --scenario ${SCENARIO}`, "belongs to '--rooms simulated'"],
  ['serve --data d --frob', '--frob'],
  ['serve --data d extra', 'too many arguments'],
  ['cos-server --data d --port 0 --secret-id a', '--secret-key'],
  ['cos-server --data d --port 0 --secret-id a --secret-key b --host 10.0.0.1', 'only on this machine'],
])('"%s" is refused with exit code 2 and a reason', (line, reason) => {
  const result = read(line);
  expect(result).toMatchObject({ command: 'print', exitCode: 2 });
  expect(result.command === 'print' && result.output).toContain(reason);
});

test('help and version are no mistakes', () => {
  expect(read('--version')).toEqual({ command: 'print', exitCode: 0, output: '1.2.3\n' });
  for (const line of ['--help', 'serve --help', 'help serve']) {
    expect(read(line)).toMatchObject({ command: 'print', exitCode: 0, output: expect.stringContaining('Usage: box') });
  }
});

test.each([
  ['127.0.0.1', true],
  ['127.8.9.10', true],
  ['::1', true],
  ['localhost', true],
  ['0.0.0.0', false],
  ['::', false],
  ['192.168.1.2', false],
  ['localhost.example.com', false],
  ['', false],
])('%j is loopback: %s', (host, expected) => {
  expect(isLoopback(host)).toBe(expected);
});
