import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { runTokenCommand } from '../../main/token-command.ts';
import { makeDirectory, removeDirectory } from '../support/box.ts';

// Behind a balancer a caller cannot know which box he reaches: one token has to open all of them.

let directory: string;

beforeAll(async () => {
  directory = await makeDirectory('shared-token');
});
afterAll(() => removeDirectory(directory));

function token(box: string, action: 'create' | 'list', name = '', stdin?: string) {
  const dataDirectory = path.join(directory, box);
  const fromStdin = stdin !== undefined;
  return runTokenCommand(
    { command: 'token', action, name, dataDirectory, role: 'record', fromStdin },
    () => stdin ?? '',
  );
}

it('a token of one box is taken over by another, once, and never printed again', () => {
  const made = token('box1', 'create', 'callers').out;
  const taken = token('box2', 'create', 'callers', made);
  expect([taken.exitCode, taken.out]).toEqual([0, '']);
  expect(taken.notes).not.toContain(made.trim());
  expect(token('box2', 'list').out).toMatch(/^callers +record /m);
  for (const [name, given] of [
    ['callers', token('box3', 'create', 'x').out],
    ['others', made],
  ] as const) {
    expect(token('box2', 'create', name, given)).toMatchObject({ exitCode: 1, out: '' });
  }
});

it('nothing is taken that no box made: what people think up can be guessed', () => {
  for (const given of ['', 'hunter2', `box_${'a'.repeat(42)}`, `box_${'a'.repeat(42)}!`]) {
    const { exitCode, notes } = token('box4', 'create', 'callers', given);
    expect([exitCode, notes]).toEqual([1, expect.stringContaining('no token of a box')]);
  }
});
