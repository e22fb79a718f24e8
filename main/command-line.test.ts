import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { readCommandLine } from './command-line.ts';

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
  ['serve --data d --host http://box', 'without scheme and port'],
  ['serve --data d --host 10.0.0.1:80', 'without scheme and port'],
  ['serve --data d --rooms real', 'trtc, simulated'],
  ['serve --data d --rooms simulated', "needs '--scenario <file>'"],
  ['serve --data d --rooms simulated --scenario /no/such/file', 'no such file'],
  [`serve --data d --scenario ${SCENARIO}`, "belongs to '--rooms simulated'"],
  ['serve --data d --frob', '--frob'],
  ['serve --data d extra', 'too many arguments'],
  ['cos-server --data d --port 0 --secret-id a', '--secret-key'],
  ['cos-server --data d --port 0 --secret-id a --secret-key b --host 10.0.0.1', 'this machine only'],
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

test('token', () => {
  const token = { command: 'token', dataDirectory: path.resolve('/d'), role: 'record', fromStdin: false };
  expect(read('token list --data /d')).toEqual({ ...token, action: 'list', name: '' });
  expect(read('token create ci.1 --role operate --data /d')).toEqual({
    ...token,
    ...{ action: 'create', name: 'ci.1', role: 'operate' },
  });
  expect(read('token create ci --role record --stdin --data /d')).toMatchObject({ action: 'create', fromStdin: true });
  expect(read('token rotate ci --data /d')).toEqual({ ...token, action: 'rotate', name: 'ci' });
  expect(read('token delete ci --data /d')).toEqual({ ...token, action: 'delete', name: 'ci' });
});

test.each([
  ['token', 'Usage: box token'],
  ['token list', '--data <directory>'],
  ['token create --data /d --role admin', "missing required argument 'name'"],
  ['token create x --data /d', '--role <role>'],
  ['token create x --data /d --role root', 'record, operate, admin'],
  ['token create ../x --data /d --role admin', 'letters, digits'],
])('mistakes with tokens: %s', (line, expected) => {
  expect(read(line)).toEqual({ command: 'print', exitCode: 2, output: expect.stringContaining(expected) });
});

test.each(['0.0.0.0', '::', '192.168.1.2', 'recorder.example.com'])('a box may be told to listen on %s', (host) => {
  expect(read(`serve --data /d --host ${host}`)).toMatchObject({ command: 'serve', host });
});
