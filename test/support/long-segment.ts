import { parseFmp4 } from '../../main/capture/encode/fmp4.ts';
import { childBoxes, needBox } from '../../main/capture/encode/isobmff.ts';
import { memoryReader } from '../../main/capture/encode/random-access.ts';

/**
 * A segment as long as anybody likes, from a short one: its fragments again and again, each time later. Yields what comes before the
 * fragments first, then one turn of them after the other.
 * @param short begins with a whole picture and ends with its last fragment
 */
export async function* longSegment(short: Buffer, turns: number): AsyncGenerator<Buffer> {
  const summary = await parseFmp4(memoryReader(short));
  const lengths = summary.tracks.map(({ endDts, firstDts }) => endDts - firstDts);
  yield short.subarray(0, summary.initLength);
  for (let turn = 0; turn < turns; turn += 1) {
    const bytes = Buffer.from(short.subarray(summary.initLength, summary.validLength));
    for (const { offset } of summary.fragments) {
      const at = offset - summary.initLength;
      const [moof] = childBoxes(bytes, at, at + bytes.readUInt32BE(at));
      if (!moof) throw new Error('no fragment');
      for (const traf of childBoxes(bytes, moof.body, moof.end).filter(({ type }) => type === 'traf')) {
        const id = bytes.readUInt32BE(needBox(bytes, traf, 'tfhd').body + 4);
        const time = needBox(bytes, traf, 'tfdt');
        const track = summary.tracks.findIndex((each) => each.id === id);
        const shift = turn * (lengths[track] ?? 0);
        if (bytes[time.body] === 1) {
          bytes.writeBigUInt64BE(bytes.readBigUInt64BE(time.body + 4) + BigInt(shift), time.body + 4);
        } else bytes.writeUInt32BE(bytes.readUInt32BE(time.body + 4) + shift, time.body + 4);
      }
    }
    yield bytes;
  }
}
