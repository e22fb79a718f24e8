import { box, fullBox, u16, u32, u64 } from '../../capture/encode/isobmff.ts';
import type { Mp4Track } from '../../capture/encode/mp4-tracks.ts';
import { type Chapter, chaptersOfFile } from './chapters.ts';
import type { MediaMetadata } from './metadata.ts';
import { userDataBox } from './mp4-metadata.ts';
import { type OutputSample, SampleTable } from './sample-table.ts';

export type OutputTrack = Pick<Mp4Track, 'kind' | 'timescale' | 'sampleDescription' | 'width' | 'height'>;

const MOVIE_TIMESCALE = 1000;
const SECONDS_1904_TO_1970 = 2_082_844_800;
/** Beyond this, chunk offsets and the media box take 64 bits; the room left is for the boxes before the media. */
const MAX_SHORT_MEDIA_BYTES = 0xf0000000;
const UNITY_MATRIX = u32(0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000);
const LANGUAGE_UNDETERMINED = 0x55c4;
/** Track flags: enabled, and part of the presentation. */
const ENABLED_IN_MOVIE = 3;
const HANDLERS = {
  video: ['vide', 'VideoHandler'],
  audio: ['soun', 'SoundHandler'],
} as const satisfies Record<OutputTrack['kind'], [string, string]>;

/** The box at the very beginning. */
export function fileTypeBox(): Buffer {
  return box('ftyp', text('isom'), u32(0x200), text('isomiso2avc1mp41'));
}

/**
 * Describes an ordinary MP4 file; the bytes of its samples never pass through here. Its index comes before the media (`head`), so that it plays
 * while it is still being fetched: samples are named in the order in which their bytes will follow. Where the media is written before all of
 * it is known, each sample is named with its place, and the index comes last (`trailer`).
 */
export class ProgressiveMp4 {
  readonly #tracks: OutputTrack[];
  readonly #tables: SampleTable[];
  #lastTrack = -1;
  #lastEnd = 0;
  #mediaBytes = 0;

  constructor(tracks: readonly OutputTrack[]) {
    this.#tracks = [...tracks];
    this.#tables = tracks.map(() => new SampleTable());
  }

  /** Bytes of all samples so far. */
  get mediaBytes(): number {
    return this.#mediaBytes;
  }

  /** Milliseconds until the last sample of the longest track has been shown. */
  get durationMs(): number {
    return Math.max(0, ...this.#tracks.map((track, index) => (this.#table(index).endPts / track.timescale) * 1000));
  }

  /** Samples of every track that the file has by now. */
  get sampleCounts(): number[] {
    return this.#tables.map((table) => table.count);
  }

  /** Another sample description (`stsd`) for all samples of a track. */
  describe(trackIndex: number, sampleDescription: Buffer): void {
    const track = this.#tracks[trackIndex];
    if (!track) throw new RangeError(`There is no track ${trackIndex}`);
    this.#tracks[trackIndex] = { ...track, sampleDescription };
  }

  sampleCount(trackIndex: number): number {
    return this.#table(trackIndex).count;
  }

  /** Decode time of the track's last sample; null while it has none. */
  lastDts(trackIndex: number): number | null {
    return this.#table(trackIndex).lastDts;
  }

  /**
   * Appends a sample; decode times of a track have to rise.
   * @param place where its bytes are: after those of the sample before unless told, counted from the beginning of the media for a file with
   * a `head`, from that of the file for one with a `trailer`
   */
  addSample(trackIndex: number, sample: OutputSample, place: number = this.#lastEnd): void {
    const table = this.#table(trackIndex);
    if (trackIndex !== this.#lastTrack || place !== this.#lastEnd) {
      table.startChunk(place);
      this.#lastTrack = trackIndex;
    }
    table.add(sample);
    this.#lastEnd = place + sample.size;
    this.#mediaBytes += sample.size;
  }

  /** Everything before the first sample's bytes. @param chapters in the file's time */
  head(metadata: MediaMetadata, chapters: readonly Chapter[] = []): Buffer {
    const isLarge = this.#mediaBytes > MAX_SHORT_MEDIA_BYTES;
    const type = fileTypeBox();
    const mediaHead = isLarge
      ? Buffer.concat([u32(1), text('mdat'), u64(this.#mediaBytes + 16)])
      : Buffer.concat([u32(this.#mediaBytes + 8), text('mdat')]);
    // Offsets have a fixed width, so a trial with any value tells how long the index is.
    const index = (mediaStart: number): Buffer => this.#index({ mediaStart, isLarge }, metadata, chapters);
    const mediaStart = type.length + index(0).length + mediaHead.length;
    return Buffer.concat([type, index(mediaStart), mediaHead]);
  }

  /** The index, for a file that ends with it. @param chapters in the file's time */
  trailer(metadata: MediaMetadata, chapters: readonly Chapter[] = []): Buffer {
    return this.#index({ mediaStart: 0, isLarge: this.#lastEnd > MAX_SHORT_MEDIA_BYTES }, metadata, chapters);
  }

  #table(index: number): SampleTable {
    const table = this.#tables[index];
    if (!table) throw new RangeError(`There is no track ${index}`);
    return table;
  }

  #index(
    { mediaStart, isLarge }: { mediaStart: number; isLarge: boolean },
    metadata: MediaMetadata,
    chapters: readonly Chapter[],
  ): Buffer {
    const created = Math.floor(Date.parse(metadata.creationTime) / 1000) + SECONDS_1904_TO_1970;
    const times = u32(created, created);
    const durationMs = Math.ceil(this.durationMs);
    const header = fullBox(
      'mvhd',
      0,
      0,
      ...[times, u32(MOVIE_TIMESCALE, durationMs, 0x10000), u16(0x0100, 0), u32(0, 0)],
      ...[UNITY_MATRIX, u32(0, 0, 0, 0, 0, 0, this.#tracks.length + 1)],
    );
    const tracks = this.#tracks.map((track, index) => {
      const table = this.#table(index);
      const samples = table.boxes(track.sampleDescription, mediaStart, isLarge);
      return trackBox(track, { id: index + 1, table, times, samples });
    });
    return box('moov', header, ...tracks, userDataBox(metadata, chaptersOfFile(chapters, 0, this.durationMs)));
  }
}

interface TrackParts {
  id: number;
  table: SampleTable;
  times: Buffer;
  /** The `stbl` box. */
  samples: Buffer;
}

function trackBox(track: OutputTrack, { id, table, times, samples }: TrackParts): Buffer {
  const isVideo = track.kind === 'video';
  const shownMs = Math.ceil((table.endPts / track.timescale) * 1000);
  const header = fullBox(
    'tkhd',
    0,
    ENABLED_IN_MOVIE,
    ...[times, u32(id, 0, shownMs, 0, 0), u16(0, isVideo ? 0 : 1, isVideo ? 0 : 0x0100, 0)],
    ...[UNITY_MATRIX, u32(track.width << 16, track.height << 16)],
  );
  const mediaDuration = table.mediaDuration;
  const mediaHeader =
    mediaDuration > 0xffffffff
      ? fullBox(
          'mdhd',
          1,
          0,
          ...wideTimes(times),
          u32(track.timescale),
          u64(mediaDuration),
          u16(LANGUAGE_UNDETERMINED, 0),
        )
      : fullBox('mdhd', 0, 0, times, u32(track.timescale, mediaDuration), u16(LANGUAGE_UNDETERMINED, 0));
  const [type, name] = HANDLERS[track.kind];
  const handler = fullBox('hdlr', 0, 0, ...[u32(0), text(type), u32(0, 0, 0), text(`${name}\0`)]);
  const media = box(
    'minf',
    isVideo ? fullBox('vmhd', 0, 1, u32(0, 0)) : fullBox('smhd', 0, 0, u32(0)),
    box('dinf', fullBox('dref', 0, 0, u32(1), fullBox('url ', 0, 1))),
    samples,
  );
  return box('trak', header, editBox(track, table, shownMs), box('mdia', mediaHeader, handler, media));
}

/**
 * The first sample decodes at media time 0. Where that is before 0 on the file's timeline (encoder delay of sound, reordered
 * pictures) the edit starts later in the media; where it is after 0, an empty edit comes first.
 */
function editBox(track: OutputTrack, table: SampleTable, shownMs: number): Buffer {
  const startTicks = table.firstDts;
  const lateMs = Math.round((Math.max(0, startTicks) / track.timescale) * 1000);
  const skipped = Math.max(0, -startTicks);
  const edits = lateMs > 0 ? [u32(lateMs, 0xffffffff, 0x10000)] : [];
  return box('edts', fullBox('elst', 0, 0, u32(edits.length + 1), ...edits, u32(shownMs - lateMs, skipped, 0x10000)));
}

function wideTimes(times: Buffer): Buffer[] {
  return [u64(times.readUInt32BE(0)), u64(times.readUInt32BE(4))];
}

function text(value: string): Buffer {
  return Buffer.from(value, 'latin1');
}
