import { readdirSync, readFileSync } from 'node:fs';
import { rm, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  createFinalizeRig,
  type FinalizeRig,
  pictureSegment,
  toneSegment,
} from '../../../test/support/finalize-rig.ts';
import { segmentFileName } from '../../capture/encode/segment-name.ts';

// Whatever a crash, a power cut or a hand did to a recording's folder: recovery and finalizing end, explain themselves, and lose nothing.

const SEGMENTS = 3;
const SEGMENT_MS = 2_000;
const TOLERANCE_MS = 150;
const SEED = Number(process.env.FAULT_SEED ?? 20_260_102);

type Damage =
  | { kind: 'truncated'; share: number }
  | { kind: 'zeroTail'; share: number }
  | { kind: 'empty' }
  | { kind: 'missing' }
  | { kind: 'rowLost' };

interface Case {
  /** Of each segment; null for one that is as it should be. */
  damage: (Damage | null)[];
  /** Files beside them. */
  extra: { name: string; bytes: number }[];
}

let rig: FinalizeRig;
let contents: Record<'mp3' | 'mp4', Buffer>;
let rooms = 0;

beforeAll(async () => {
  rig = createFinalizeRig();
  contents = { mp3: await toneSegment(440), mp4: await pictureSegment('red', '32x32', 440) };
});
afterAll(() => rig.close());

function cases(kind: 'mp3' | 'mp4'): fc.Arbitrary<Case> {
  const share = fc.double({ min: 0, max: 1, noNaN: true });
  const damage = fc.oneof(
    fc.record({ kind: fc.constant('truncated' as const), share }),
    fc.record({ kind: fc.constant('zeroTail' as const), share }),
    fc.constantFrom<Damage>({ kind: 'empty' }, { kind: 'missing' }, { kind: 'rowLost' }),
  );
  const extra = fc.record({
    name: fc.constantFrom(
      ...[`segment-0009.${kind}`, `segment-0008.mix.9.${kind === 'mp3' ? 'mp4' : 'mp3'}`, 'capture.pid', 'a note.txt'],
      `segment-0001.mix.2000.${kind}.reencoded`,
    ),
    bytes: fc.nat({ max: 3_000 }),
  });
  return fc.record({
    damage: fc.array(fc.option(damage, { freq: 2 }), { minLength: SEGMENTS, maxLength: SEGMENTS }),
    extra: fc.uniqueArray(extra, { maxLength: 3, selector: ({ name }) => name }),
  });
}

/** Every file below a folder, by its name, with its content. */
function filesIn(directory: string): Map<string, Buffer> {
  const entries = readdirSync(directory, { withFileTypes: true, recursive: true }).filter((entry) => entry.isFile());
  return new Map(entries.map((entry) => [entry.name, readFileSync(path.join(entry.parentPath, entry.name))]));
}

/** Makes a recording with that damage done; resolves with its id. */
async function damaged(kind: 'mp3' | 'mp4', { damage, extra }: Case): Promise<string> {
  rooms += 1;
  const request = { mode: kind === 'mp3' ? '10' : '12', roomId: rooms } as const;
  const recording = await rig.ended([], { timelineMs: SEGMENTS * SEGMENT_MS }, request);
  const folder = rig.directoryOf(recording.id);
  for (const [segment, harm] of damage.entries()) {
    const startMs = segment * SEGMENT_MS;
    const file = segmentFileName({ segment, output: 'mix', startMs }, kind);
    const place = path.join(folder, file);
    await writeFile(place, contents[kind]);
    if (harm?.kind !== 'rowLost') rig.store.segments.open({ recordingId: recording.id, segment, file, startMs });
    if (harm?.kind === 'missing') await rm(place);
    if (harm?.kind === 'empty') await truncate(place, 0);
    const from = harm && 'share' in harm ? Math.floor(contents[kind].length * harm.share) : 0;
    if (harm?.kind === 'truncated') await truncate(place, from);
    if (harm?.kind === 'zeroTail') await writeFile(place, Buffer.from(contents[kind]).fill(0, from));
  }
  for (const { name, bytes } of extra) await writeFile(path.join(folder, name), Buffer.alloc(bytes, 0x5a));
  return recording.id;
}

describe.each(['mp3', 'mp4'] as const)('a damaged folder of %s segments', (kind) => {
  it('ends as a file no longer than the rows say, or as a failure with its reason; what is not in the file is still there', async () => {
    const outcomes = new Set<string>();
    await fc.assert(
      fc.asyncProperty(cases(kind), async (damage) => {
        const id = await damaged(kind, damage);
        const folder = rig.directoryOf(id);
        const before = filesIn(folder);
        const { outcome } = await rig.run(rig.store.recordings.get(id)!);
        outcomes.add(outcome.kind);
        const after = filesIn(folder);
        const aside = path.join(rig.dataDirectory, 'quarantine', id);
        const quarantined = damage.extra.some(({ name }) => /^segment-\d+\.(mp|mix\.9)/.test(name))
          ? filesIn(aside)
          : new Map();
        // With the file go the segments in it, and what only its making needed.
        const isJoined = (name: string): boolean =>
          outcome.kind === 'done' && /^(segment-000[0-2]\.mix\.|capture\.pid$)/.test(name);
        for (const [name, content] of before) {
          if (isJoined(name)) continue;
          expect(after.get(name) ?? quarantined.get(name), name).toEqual(content);
        }
        for (const name of quarantined.keys()) {
          if (!name.endsWith('.json')) expect(JSON.parse(quarantined.get(`${name}.json`)).reason).not.toBe('');
        }
        const isAnythingWhole = damage.damage.some((harm) => harm === null || harm.kind === 'rowLost');
        if (outcome.kind === 'failed') {
          expect(isAnythingWhole).toBe(false);
          expect(outcome.code).toMatch(/^SEGMENTS_(LOST|EMPTY|UNREADABLE)$/);
          return;
        }
        expect(outcome).toEqual({ kind: 'done' });
        const [file] = rig.store.files.list(id);
        expect(file!.startOffsetMs + file!.durationMs).toBeLessThanOrEqual(SEGMENTS * SEGMENT_MS + TOLERANCE_MS);
        const lastWhole = damage.damage.findLastIndex((harm) => harm === null || harm.kind === 'rowLost');
        expect(file!.startOffsetMs + file!.durationMs).toBeGreaterThanOrEqual(
          (lastWhole + 1) * SEGMENT_MS - TOLERANCE_MS,
        );
      }),
      { seed: SEED, numRuns: kind === 'mp3' ? 40 : 25 },
    );
    expect(outcomes).toContain('done');
  });
});
