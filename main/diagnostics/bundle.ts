import { type Readable, Transform } from 'node:stream';
import { ZipFile } from 'yazl';

/** One file of the bundle, made when its turn comes. */
export interface BundlePart {
  /** Path inside the zip. */
  name: string;
  /** Text, or a stream of it. A rejection becomes a file that says so. */
  make(): Promise<string | Readable>;
}

/** What no file of the bundle may hold, should it have got there in spite of everything. */
export type Scrub = (text: string) => string;

const MODE = 0o100_600;

/** Packs the parts one after the other while the zip is read; nothing is kept on the disk, and no part can spoil the others. */
export function packBundle(parts: readonly BundlePart[], scrub: Scrub, mtime: Date): Readable {
  const zip = new ZipFile();
  const output = zip.outputStream as Readable;
  zip.on('error', (error: Error) => output.destroy(error));
  void pack(zip, output, parts, scrub, mtime);
  return output;
}

async function pack(
  zip: ZipFile,
  output: Readable,
  parts: readonly BundlePart[],
  scrub: Scrub,
  mtime: Date,
): Promise<void> {
  for (const { name, make } of parts) {
    // Whoever reads no more gets nothing more made.
    if (output.destroyed) return;
    try {
      const made = await make();
      if (typeof made === 'string') zip.addBuffer(Buffer.from(scrub(made)), name, { mtime, mode: MODE });
      else await addStream(zip, output, { name, stream: made.pipe(scrubLines(scrub)), source: made }, mtime);
    } catch (error) {
      const said = error instanceof Error ? error.message : String(error);
      zip.addBuffer(Buffer.from(scrub(`This could not be gathered: ${said}\n`)), `${name}.missing.txt`, {
        mtime,
        mode: MODE,
      });
    }
  }
  zip.end();
}

/** Resolves when the stream has been read to its end, or its reader is gone. */
function addStream(
  zip: ZipFile,
  output: Readable,
  { name, stream, source }: { name: string; stream: Readable; source: Readable },
  mtime: Date,
): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      source.destroy();
      stream.destroy();
      resolve();
    };
    // What was read until then is in the zip; a torn log is better than none.
    source.on('error', () => stream.push(null));
    stream.once('end', resolve);
    stream.once('close', resolve);
    output.once('close', end);
    zip.addReadStream(stream, name, { mtime, mode: MODE });
  });
}

/** A line that is longer is cut in pieces of this length. */
const LONGEST_LINE = 1024 * 1024;

function scrubLines(scrub: Scrub): Transform {
  const decoder = new TextDecoder();
  let rest = '';
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      rest += decoder.decode(chunk, { stream: true });
      const end = rest.length > LONGEST_LINE ? rest.length : rest.lastIndexOf('\n') + 1;
      const whole = rest.slice(0, end);
      rest = rest.slice(end);
      done(null, scrub(whole));
    },
    flush(done) {
      done(null, scrub(rest + decoder.decode()));
    },
  });
}

/** Replaces each of the secrets wherever it stands, also as JSON writes it. */
export function scrubberOf(secrets: Iterable<string | null | undefined>): Scrub {
  const found = new Set<string>();
  for (const secret of secrets) {
    // Shorter texts are words of every log.
    if (!secret || secret.length < SHORTEST_SECRET) continue;
    found.add(secret);
    found.add(JSON.stringify(secret).slice(1, -1));
    found.add(encodeURIComponent(secret));
  }
  // The longest first: one may be the beginning of another.
  const all = [...found].toSorted((a, b) => b.length - a.length);
  return (text) => all.reduce((clean, secret) => clean.replaceAll(secret, '[redacted]'), text);
}

const SHORTEST_SECRET = 6;
