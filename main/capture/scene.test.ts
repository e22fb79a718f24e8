import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { colourAt, paint, plainColour, plainFrame, plainRenderer } from '../../test/support/plain-pictures.ts';
import type { DressingSettings, LayoutName } from './messages.ts';
import { parseColour, type YuvColour } from './mix/colour.ts';
import { loadKernel } from './mix/kernel/load.ts';
import { placeInCell, withStrip } from './mix/layout.ts';
import type { Rect, StreamKind } from './mix/types.ts';
import { Roster } from './roster.ts';
import { createScene, type Scene } from './scene.ts';

const WIDTH = 192;
const HEIGHT = 144;
const BACKGROUND = '#102030';
const STRIP_HEIGHT = 16;
const OFF: DressingSettings = {
  nameStrip: false,
  stamp: false,
  stampTimeZone: null,
  placeholder: false,
  watermarkPath: null,
};

const SHADES: Record<StreamKind, number> = { main: 100, sub: 200 };
const colourOf = (userId: string, stream: StreamKind, look = 0): YuvColour => ({
  y: SHADES[stream] + look,
  u: 80 + 10 * Number(userId.slice(1)),
  v: 128,
});

/** A room and its scene, moved together as a session does it. */
class Stage {
  readonly roster: Roster;
  readonly scene: Scene;

  private constructor(roster: Roster, scene: Scene) {
    this.roster = roster;
    this.scene = scene;
  }

  static async open(options: {
    isReserve?: boolean;
    layout?: LayoutName;
    dressing?: Partial<DressingSettings>;
    names?: Record<string, string>;
  }): Promise<Stage> {
    const { isReserve = false, layout = 'grid', dressing = {}, names = {} } = options;
    const video = { width: WIDTH, height: HEIGHT, background: BACKGROUND, fit: 'fill' } as const;
    const scene = await createScene({
      ...{ kernel: await loadKernel(), video, layout, dressing: { ...OFF, ...dressing }, names },
      loadTextRenderer: async () => plainRenderer(),
      onProblem: (message) => {
        throw new Error(message);
      },
    });
    return new Stage(new Roster(isReserve), scene);
  }

  enter(userId: string): void {
    this.roster.enter(userId);
    this.scene.update(this.roster);
  }

  leave(userId: string): void {
    this.roster.leave(userId);
    if (this.roster.slotOf(userId) === null) this.scene.forget(userId, 'main');
    this.scene.forget(userId, 'sub');
    this.scene.update(this.roster);
  }

  send(userId: string, stream: StreamKind, isOn: boolean): void {
    this.roster.setSending(userId, stream, isOn);
    this.scene.update(this.roster);
  }

  frame(userId: string, stream: StreamKind, look = 0): void {
    const seen = this.roster.noteFrame(userId, stream);
    if (seen === 'ignored') return;
    if (seen === 'first') this.scene.update(this.roster);
    const picture = plainFrame(colourOf(userId, stream, look), 64, 48);
    this.scene.draw(userId, stream, this.scene.hold(picture));
  }

  show(userId: string, stream: StreamKind = 'main'): void {
    this.enter(userId);
    this.send(userId, stream, true);
    this.frame(userId, stream);
  }

  at(x: number, y: number): YuvColour {
    return colourAt(this.scene.canvas, WIDTH, HEIGHT, x, y);
  }

  /** Who has the large area at the left; null when it belongs to a tile, or when the cells are equal. */
  large(): string | null {
    const shown = this.at(20, 80);
    const right = this.at(134, 30);
    if (shown.y !== SHADES.main || right.y !== SHADES.main || right.u !== shown.u) return null;
    return `u${(shown.u - 80) / 10}`;
  }
}

/** The rules in other words: what is on the canvas after a course of events. */
class Model {
  readonly isReserve: boolean;
  readonly hasTiles: boolean;
  room = new Set<string>();
  sending = new Set<string>();
  /** Look of the last frame of a stream that may be shown. */
  looks = new Map<string, number>();
  /** Users with a frame since their camera was last switched on. */
  live = new Set<string>();

  constructor(isReserve: boolean, hasTiles: boolean) {
    this.isReserve = isReserve;
    this.hasTiles = hasTiles;
  }

  apply({ kind, user, stream, look }: Move): void {
    const key = `${stream}:${user}`;
    if (kind === 'enter') this.room.add(user);
    if (kind === 'on' && this.room.has(user)) this.sending.add(key);
    if (kind === 'off') this.#off(user, stream);
    if (kind === 'frame' && this.sending.has(key)) {
      this.looks.set(key, look);
      if (stream === 'main') this.live.add(user);
    }
    if (kind === 'leave') {
      for (const each of ['main', 'sub'] as const) this.#off(user, each);
      this.room.delete(user);
    }
  }

  #off(user: string, stream: StreamKind): void {
    this.sending.delete(`${stream}:${user}`);
    if (stream === 'main') this.live.delete(user);
    if (stream === 'sub' || !this.isReserve) this.looks.delete(`${stream}:${user}`);
  }

  /** What stands in the cells: the colour and whose it is. */
  cells(owners: string[]): { screen: Shown | null; cameras: Shown[] } {
    const cameras = owners.flatMap((user): Shown[] => {
      if (this.hasTiles && this.room.has(user) && !this.live.has(user)) {
        return [{ user, colour: plainColour('tile', user) }];
      }
      const look = this.looks.get(`main:${user}`);
      return look === undefined ? [] : [{ user, colour: colourOf(user, 'main', look) }];
    });
    const user = owners.findLast((owner) => this.looks.has(`sub:${owner}`));
    const screen = user === undefined ? null : { user, colour: colourOf(user, 'sub', this.looks.get(`sub:${user}`)) };
    return { screen, cameras };
  }
}

interface Shown {
  user: string;
  colour: YuvColour;
}

/** Places on this canvas, written out. */
function placesOf(count: number, hasScreen: boolean): Rect[] {
  const list = (rows: number[][]) => rows.map(([x, y, width, height]) => ({ x, y, width, height }) as Rect);
  if (hasScreen) {
    const height = [0, 26, 26, 26, 26, 26, 24][count]!;
    const column = Array.from({ length: count }, (_, index) => [144, index * height, 48, height]);
    return list([[0, 0, count === 0 ? 192 : 144, 144], ...column]);
  }
  const halves = [0, 96].flatMap((y) => [0, 96].map((x) => [x, (y * 3) / 4, 96, 72]));
  const thirds = [0, 72].flatMap((y) => [0, 64, 128].map((x) => [x, y, 64, 72]));
  const grids = [[], [[0, 0, 192, 144]], [0, 96].map((x) => [x, 0, 96, 144]), halves, halves, thirds, thirds];
  return list(grids[count]!.slice(0, count));
}

function painted({ screen, cameras }: ReturnType<Model['cells']>, hasStrips: boolean): Uint8Array {
  const canvas = plainFrame(parseColour(BACKGROUND), WIDTH, HEIGHT).data;
  const places = placesOf(cameras.length, screen !== null);
  for (const [index, { user, colour }] of [...(screen ? [screen] : []), ...cameras].entries()) {
    const { picture, strip } = withStrip(places[index]!, hasStrips ? STRIP_HEIGHT : 0);
    const isScreen = screen !== null && index === 0;
    const area = isScreen ? placeInCell(picture, 64, 48, 0, 'fit').destination : picture;
    paint(canvas, WIDTH, HEIGHT, area, colour);
    if (strip) paint(canvas, WIDTH, HEIGHT, strip, plainColour('strip', user));
  }
  return canvas;
}

interface Move {
  kind: 'enter' | 'leave' | 'on' | 'off' | 'frame';
  user: string;
  stream: StreamKind;
  look: number;
}

const move: fc.Arbitrary<Move> = fc.record({
  kind: fc.constantFrom('enter', 'enter', 'leave', 'on', 'on', 'off', 'frame', 'frame', 'frame'),
  user: fc.integer({ min: 0, max: 5 }).map((id) => `u${id}`),
  stream: fc.constantFrom('main', 'main', 'main', 'sub'),
  look: fc.nat(30),
});

describe('any course of a room', () => {
  test('leaves after every single event a canvas on which everything is where the rules put it', async () => {
    const setting = fc.record({
      isReserve: fc.boolean(),
      layout: fc.constantFrom('grid', 'screen'),
      hasStrips: fc.boolean(),
      hasTiles: fc.boolean(),
      moves: fc.array(move, { minLength: 30, maxLength: 80 }),
    });
    await fc.assert(
      fc.asyncProperty(setting, async ({ isReserve, layout, hasStrips, hasTiles, moves }) => {
        const stage = await Stage.open({
          isReserve,
          layout,
          dressing: { nameStrip: hasStrips, placeholder: hasTiles },
        });
        const model = new Model(isReserve, hasTiles);
        for (const step of moves) {
          const { kind, user, stream, look } = step;
          if (kind === 'enter' || kind === 'leave') stage[kind](user);
          else if (kind === 'frame') stage.frame(user, stream, look);
          else if (stage.roster.recordedPresent().includes(user)) stage.send(user, stream, kind === 'on');
          model.apply(step);
          const owners = stage.roster.recorded().map(({ userId }) => userId);
          expect(Buffer.compare(stage.scene.canvas, painted(model.cells(owners), hasStrips))).toBe(0);
        }
      }),
      { numRuns: 150 },
    );
  });
});

describe('a tile', () => {
  test('stands for a camera that is off until its first new picture, also where the last one is kept', async () => {
    const stage = await Stage.open({ isReserve: true, dressing: { placeholder: true }, names: { u1: 'Ann' } });
    const tile = plainColour('tile', 'Ann');
    stage.enter('u1');
    expect(stage.at(90, 70)).toEqual(tile);
    stage.send('u1', 'main', true);
    expect(stage.at(90, 70)).toEqual(tile);
    stage.frame('u1', 'main', 5);
    expect(stage.at(90, 70)).toEqual(colourOf('u1', 'main', 5));
    stage.send('u1', 'main', false);
    expect(stage.at(90, 70)).toEqual(tile);
    stage.send('u1', 'main', true);
    expect(stage.at(90, 70)).toEqual(tile);
    stage.frame('u1', 'main', 6);
    expect(stage.at(90, 70)).toEqual(colourOf('u1', 'main', 6));
    stage.send('u1', 'main', false);
    stage.leave('u1');
    expect(stage.at(90, 70)).toEqual(colourOf('u1', 'main', 6));
    stage.enter('u1');
    expect(stage.at(90, 70)).toEqual(tile);
  });

  test('is not for those who wait for a slot, nor for those who left without a picture', async () => {
    const stage = await Stage.open({ isReserve: true, dressing: { placeholder: true } });
    for (let user = 0; user < 7; user++) stage.enter(`u${user}`);
    expect(stage.at(160, 100)).toEqual(plainColour('tile', 'u5'));
    stage.leave('u5');
    expect(stage.at(160, 100)).toEqual(parseColour(BACKGROUND));
  });
});

test('a name is looked up among the given ones only', async () => {
  const stage = await Stage.open({ dressing: { placeholder: true }, names: { ann: '王小明' } });
  stage.enter('constructor');
  expect(stage.at(90, 70)).toEqual(plainColour('tile', 'constructor'));
  stage.enter('ann');
  expect(stage.at(150, 70)).toEqual(plainColour('tile', '王小明'));
});

describe('the layout speaker', () => {
  const LOUD = 0.2;

  /** Lets somebody talk; says who is large at the end, and at what times that changed. */
  function talk(stage: Stage, from: number, durationMs: number, levels: Record<string, number>): number[] {
    const changes: number[] = [];
    for (let atMs = from; atMs < from + durationMs; atMs += 66) {
      const before = stage.large();
      stage.scene.listen(new Map(Object.entries(levels)), atMs);
      if (stage.large() !== before) changes.push(atMs);
    }
    return changes;
  }

  test('follows who talks for two seconds, not who says a word', async () => {
    const stage = await Stage.open({ layout: 'speaker' });
    for (const user of ['u0', 'u1', 'u2']) stage.show(user);
    expect(stage.large()).toBe('u0');
    expect(talk(stage, 0, 1000, { u1: LOUD })[0]).toBe(0);
    expect(stage.large()).toBe('u1');
    expect(talk(stage, 1000, 1500, { u1: 0.02, u2: LOUD })).toEqual([]);
    expect(talk(stage, 2500, 3000, { u1: LOUD, u2: 0.02 })).toEqual([]);
    const [changedMs] = talk(stage, 5500, 3000, { u2: LOUD });
    expect(changedMs).toBeGreaterThanOrEqual(7400);
    expect(changedMs).toBeLessThanOrEqual(7700);
    expect(stage.large()).toBe('u2');
    expect([stage.at(150, 10).u, stage.at(150, 40).u]).toEqual([80, 90]);
  });

  test('replaces a speaker who leaves or switches his camera off at once', async () => {
    const stage = await Stage.open({ layout: 'speaker', isReserve: true });
    for (const user of ['u0', 'u1', 'u2']) stage.show(user);
    talk(stage, 0, 3000, { u1: LOUD });
    expect(stage.large()).toBe('u1');
    stage.leave('u1');
    expect(stage.large()).toBe('u0');
    stage.send('u0', 'main', false);
    expect(stage.large()).toBe('u2');
    expect(talk(stage, 3000, 3000, { u0: LOUD })).toEqual([]);
  });

  test('needs two pictures, and never makes a tile large', async () => {
    const stage = await Stage.open({ layout: 'speaker', dressing: { placeholder: true } });
    stage.show('u0');
    stage.enter('u1');
    talk(stage, 0, 3000, { u1: LOUD });
    expect(stage.large()).toBeNull();
    expect(stage.at(100, 70)).toEqual(plainColour('tile', 'u1'));
    stage.show('u2');
    expect(stage.large()).toBe('u0');
    expect(talk(stage, 3000, 3000, { u1: LOUD })).toEqual([]);
  });

  test('gives the large area to a shared screen and takes it back for who has talked meanwhile', async () => {
    const stage = await Stage.open({ layout: 'speaker' });
    for (const user of ['u0', 'u1']) stage.show(user);
    talk(stage, 0, 1000, { u0: LOUD });
    stage.show('u0', 'sub');
    expect(stage.at(20, 80)).toEqual(colourOf('u0', 'sub'));
    talk(stage, 1000, 3000, { u1: LOUD });
    expect(stage.at(20, 80)).toEqual(colourOf('u0', 'sub'));
    expect(stage.at(150, 10)).toEqual(colourOf('u0', 'main'));
    stage.send('u0', 'sub', false);
    expect(stage.large()).toBe('u1');
  });
});

test('of several shared screens the one of the last slot is shown, and another when that ends', async () => {
  const stage = await Stage.open({});
  for (const user of ['u0', 'u1', 'u2']) stage.enter(user);
  for (const user of ['u1', 'u0']) stage.show(user, 'sub');
  expect(stage.at(90, 70)).toEqual(colourOf('u1', 'sub'));
  stage.send('u1', 'sub', false);
  expect(stage.at(90, 70)).toEqual(colourOf('u0', 'sub'));
});

test('an update that changes nothing draws nothing', async () => {
  const stage = await Stage.open({ layout: 'speaker', dressing: { nameStrip: true, placeholder: true } });
  for (const user of ['u0', 'u1']) stage.show(user);
  stage.enter('u2');
  const { revision } = stage.scene;
  stage.scene.update(stage.roster);
  stage.scene.listen(new Map([['u0', 0.3]]), 100);
  stage.scene.listen(new Map([['u0', 0.3]]), 200);
  expect(stage.scene.revision).toBe(revision);
});
