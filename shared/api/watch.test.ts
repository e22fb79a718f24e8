import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BoxMessage } from './messages.ts';
import { createFrameParser, watchBox } from './watch.ts';

const audit = (seq: number): BoxMessage => ({
  name: 'audit',
  data: { seq, at: '2030-01-01T00:00:00.000Z', recordingId: null, type: 'x', data: { text: '中\n\n文' } },
});
const frame = ({ name, data }: BoxMessage): string => `event: ${name}\nid: 1\ndata: ${JSON.stringify(data)}\n\n`;

describe('frames', () => {
  it('are found wherever the stream is cut', () => {
    const text = `retry: 2000\n${frame(audit(1))}: nothing new\n\nevent: later\ndata: {}\n\n${frame(audit(2))}event: audit\nda`;
    fc.assert(
      fc.property(fc.array(fc.nat(text.length), { maxLength: 10 }), (places) => {
        const cuts = [0, ...places.sort((a, b) => a - b), text.length];
        const parse = createFrameParser();
        const found = cuts.slice(1).flatMap((to, index) => parse(text.slice(cuts[index], to)));
        expect(found).toEqual([audit(1), audit(2)]);
      }),
    );
  });
});

describe('watching', () => {
  const streamOf = (...texts: string[]): ReadableStream<Uint8Array> => new Blob(texts).stream();

  it('asks for what comes behind the last event it had, and waits as long as the box says', async () => {
    const asked: (number | null)[] = [];
    const failures: unknown[] = [];
    const signal = AbortSignal.timeout(30_000);
    const watching = watchBox(
      {
        async open(after) {
          asked.push(after);
          if (asked.length === 2) throw new Error('full');
          return streamOf(frame(audit((after ?? 6) + 1)));
        },
        waitAfter(error) {
          failures.push(error);
          return 1;
        },
      },
      { signal },
    );
    const seqs: number[] = [];
    for await (const message of watching) {
      if (message.name === 'audit') seqs.push(message.data.seq);
      if (seqs.length === 3) break;
    }
    expect(seqs).toEqual([7, 8, 9]);
    expect(asked).toEqual([null, 7, 7, 8]);
    expect(failures).toHaveLength(1);
  });

  it('ends with the refusal when trying again is of no use', async () => {
    const open = () => Promise.reject(new Error('no'));
    const watching = watchBox({ open, waitAfter: () => null }, { signal: AbortSignal.timeout(30_000) });
    await expect(watching.next()).rejects.toThrow('no');
  });
});
