import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type QuietBox, startQuietBox } from '../support/quiet-box.ts';
import { exchange, parseResponses } from '../support/raw-http.ts';
import { complaintAboutExchange } from './judge.ts';
import { ATTACKS } from './raw-attacks.ts';

// Bytes over sockets that no client library would send, against a whole box whose rooms are empty.

let box: QuietBox;

beforeAll(async () => {
  box = await startQuietBox();
});
afterAll(() => box?.close());

describe.concurrent('broken HTTP', () => {
  it.each(ATTACKS)('$what', async ({ write, statuses, methods = [] }) => {
    const result = await exchange({ port: box.port, write, keepOpen: statuses !== undefined });
    expect(complaintAboutExchange(result, methods)).toBeNull();
    if (statuses) expect(parseResponses(result.bytes, methods).map(({ status }) => status)).toEqual(statuses);
  });

  it('random bytes', async () => {
    const lines = fc.array(fc.oneof(fc.uint8Array({ maxLength: 200 }), fc.constant(Buffer.from('\r\n\r\n'))), {
      maxLength: 10,
    });
    const starts = fc.constantFrom('', 'GET ', 'POST / HTTP/1.1\r\n', 'GET / HTTP/1.1\r\nhost: ', '\x00');
    await fc.assert(
      fc.asyncProperty(starts, lines, async (start, parts) => {
        const bytes = Buffer.concat([Buffer.from(start), ...parts]);
        const result = await exchange({ port: box.port, write: (socket) => void socket.write(bytes) });
        expect(complaintAboutExchange(result)).toBeNull();
      }),
      { numRuns: 150 },
    );
  });
});
