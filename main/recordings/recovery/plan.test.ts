import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { segmentFileName } from '../../capture/encode/segment-name.ts';
import type { OutputName } from '../../capture/messages.ts';
import type { SegmentRow } from '../../store/rows.ts';
import { planRepairs, type RecordingState } from './plan.ts';

function row(segment: number, changes: Partial<SegmentRow> = {}): SegmentRow {
  const file = segmentFileName({ segment, output: changes.output ?? 'mix', startMs: changes.startMs ?? 0 }, 'mp4');
  const open = { bytes: null, clean: null, openedAtMs: 0, closedAtMs: null };
  return { recordingId: 'r', segment, output: 'mix', file, startMs: 0, ...open, ...changes };
}

function plan(changes: Partial<RecordingState>) {
  return planRepairs({ kind: 'mp4', folder: [], segments: [], finished: [], ...changes });
}

const named = (name: string, bytes = 1) => ({ name, bytes });

describe('what has to be put right', () => {
  it('is nothing when rows and folder agree, whatever else lies there', () => {
    const segments = [row(0), row(1, { startMs: 5_000 }), row(2, { file: 'segment-0002.mp4', startMs: 9_000 })];
    const folder = [
      ...segments.slice(0, 2).map(({ file }) => named(file)),
      ...['capture.pid', 'notes.txt', 'x_20260102T030405Z_12345678.mp4.partial'].map((name) => named(name)),
    ];
    expect(plan({ segments, folder })).toEqual([]);
  });

  it('a segment without a row is adopted at the place that its name tells, also an empty one', () => {
    const folder = [named('segment-0001.main.YWxpY2U.7200.mp4', 0), named('segment-0001-2.mix.4000.mp4', 99)];
    expect(plan({ segments: [row(0)], folder })).toEqual([
      { kind: 'adopt', segment: 1, output: 'mix', file: 'segment-0001-2.mix.4000.mp4', startMs: 4_000, bytes: 99 },
      {
        kind: 'adopt',
        segment: 2,
        output: 'main:alice',
        file: 'segment-0001.main.YWxpY2U.7200.mp4',
        startMs: 7_200,
        bytes: 0,
      },
    ]);
  });

  it.each<[string, string, Partial<RecordingState>]>([
    ['segment-0003.mp4', 'does not tell where', {}],
    ['segment-0003.mix.0.mp3', 'consists of mp4 segments', {}],
    ['segment-0003.mix.999999999999.mp4', 'claims a start at 999999999999 ms', {}],
    ['segment-0003.mix.0.mp4', 'completed without it', { finished: ['mix'] }],
  ])('%s goes to quarantine: it %s', (name, reason, changes) => {
    expect(plan({ folder: [named(name, 5)], ...changes })).toEqual([
      { kind: 'setFileAside', file: name, bytes: 5, reason: expect.stringContaining(reason) },
    ]);
  });

  it.each<Partial<SegmentRow>>([
    { startMs: -1 },
    { startMs: Number.POSITIVE_INFINITY },
    { startMs: 1e12 },
    { output: 'rubbish' as OutputName },
  ])('a row with %j goes to quarantine, and its file is placed by its name', (changes) => {
    const file = 'segment-0007.mix.3000.mp4';
    expect(plan({ segments: [row(7, { file, ...changes })], folder: [named(file)] })).toEqual([
      { kind: 'setRowAside', segment: 7, reason: expect.stringContaining('makes no sense') },
      { kind: 'adopt', segment: 7, output: 'mix', file, startMs: 3_000, bytes: 1 },
    ]);
  });

  it('rows may hold whole paths, of another system even', () => {
    const segments = [
      row(0, { file: 'C:\\box\\r\\segment-0000.mix.0.mp4' }),
      row(1, { file: '/r/segment-0001.mix.4.mp4' }),
    ];
    expect(plan({ segments, folder: [named('segment-0000.mix.0.mp4'), named('segment-0001.mix.4.mp4')] })).toEqual([]);
  });
});

it('whatever lies in a folder, every segment ends with one row of its own or in quarantine, and a second look finds nothing to do', () => {
  const names = fc.oneof(
    fc
      .record({
        segment: fc.nat({ max: 6 }),
        output: fc.constantFrom<OutputName>('mix', 'main:a', 'sub:a'),
        startMs: fc.nat({ max: 20 }),
        attempt: fc.integer({ min: 1, max: 2 }),
        kind: fc.constantFrom('mp4', 'mp3'),
      })
      .map(({ kind, attempt, ...place }) => segmentFileName(place, kind, attempt)),
    fc.constantFrom('segment-0001.mp4', 'segment-0001-3.mp4', 'capture.pid', 'segment-1.mix.1.mp4.reencoded'),
  );
  const folders = fc.uniqueArray(names, { maxLength: 12 });
  fc.assert(
    fc.property(folders, fc.array(fc.boolean(), { minLength: 12, maxLength: 12 }), (found, known) => {
      const folder = found.map((name) => named(name));
      const rows = found
        .filter((name, index) => known[index] && name.includes('.m'))
        .map((file, index) => row(index, { file }));
      const repairs = plan({ folder, segments: rows });
      const adopted = repairs.flatMap((repair) => (repair.kind === 'adopt' ? [repair] : []));
      const aside = repairs.flatMap((repair) => (repair.kind === 'setFileAside' ? [repair.file] : []));
      const segments = [...rows, ...adopted.map(({ segment, ...rest }) => row(segment, rest))];
      expect(new Set(segments.map(({ segment }) => segment)).size).toBe(segments.length);
      const left = folder.filter(({ name }) => !aside.includes(name));
      expect(plan({ folder: left, segments })).toEqual([]);
      const touched = [...adopted.map(({ file }) => file), ...aside];
      expect(touched.filter((name) => rows.some(({ file }) => file === name) || !name.startsWith('segment-'))).toEqual(
        [],
      );
    }),
  );
});
