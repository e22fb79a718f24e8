import { describe, expect, it } from 'vitest';
import { randomFrom } from '../support/simulated-senders.ts';
import { runIo } from './io.ts';
import { runKills } from './kills.ts';
import { runLeak } from './leak.ts';
import { runOffline } from './offline.ts';
import { crc64Of } from './proof.ts';
import { formatReport, type ScenarioReport } from './report.ts';
import { PHASES, planStrikes } from './strikes.ts';

// `npm run faults` runs the same scenarios at full length; here they only show that they and the box still work.

const seed = Number(process.env.FAULT_SEED ?? 7);
const say = () => {};

function expectHeld(report: ScenarioReport): void {
  expect(report.problems, formatReport(report)).toEqual([]);
}

describe('tools of the fault suite', () => {
  it('the same seed plans the same kills, every kind among them', () => {
    const plan = planStrikes(200, randomFrom(1));
    expect(plan).toEqual(planStrikes(200, randomFrom(1)));
    expect(plan).not.toEqual(planStrikes(200, randomFrom(2)));
    expect(plan.map(({ n }) => n)).toEqual(Array.from({ length: 200 }, (_, index) => index + 1));
    expect(new Set(plan.map(({ phase }) => phase))).toEqual(new Set(PHASES));
    for (const target of ['main', 'capture', 'ffmpeg']) {
      expect(plan.filter((strike) => strike.target === target).length).toBeGreaterThan(30);
    }
  });

  it('computes CRC-64/XZ', () => {
    expect(crc64Of(Buffer.from('123456789'))).toBe('11051210869376104954');
    expect(crc64Of(new Uint8Array(0))).toBe('0');
  });
});

describe.skipIf(process.platform !== 'linux')('short fault scenarios (look into /proc, so Linux only)', () => {
  it.concurrent('processes are killed', async () => {
    const report = await runKills({
      ...{ kills: 3, recordings: 3, seed, say, parallel: 2, slowShare: 0, withinMs: 90_000 },
      roomSeconds: [3],
    });
    expectHeld(report);
    expect(report.figures).toMatchObject({ kills: 3 });
  }, 400_000);

  it.concurrent('COS is away, the box is killed, the line is bad', async () => {
    const report = await runOffline({
      ...{ recordings: 3, kills: 1, seed, say, parallel: 3, deliverWithinMs: 120_000 },
      roomSeconds: [2],
      longRoomSeconds: [6],
    });
    expectHeld(report);
    expect(report.figures).toMatchObject({ recordings: 3, kills: 1, objectsEqualByCrc64: 3 });
  }, 400_000);

  it.concurrent('sockets fail', async () => {
    const cases = ['initMultipart: reply lost', 'uploadPart: reset before the body', 'caller: noConnection'];
    const report = await runIo({ cases, seed, say, parallel: 3, live: [true] });
    expectHeld(report);
    expect(report.figures).toMatchObject({ cases: 3, delivered: 3 });
  }, 400_000);

  it.concurrent('recordings come and go, and leave nothing behind', async () => {
    const report = await runLeak({
      cycles: 4,
      warmUp: 2,
      samples: 1,
      quietMs: 8000,
      seed,
      say,
      parallel: 2,
      memoryTolerance: null,
    });
    expectHeld(report);
  }, 400_000);
});
