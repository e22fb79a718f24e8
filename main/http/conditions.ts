// Conditional requests and ranges of bytes, by RFC 9110, sections 13 and 14. Pure.

/** What is to be sent, as conditions speak of it. */
export interface Representation {
  bytes: number;
  /** With its quotes. */
  etag: string;
  /** Milliseconds since 1970; the header that tells it knows whole seconds only. */
  modifiedAtMs: number;
}

/** Headers of a request, lower-case. */
export type ConditionHeaders = Partial<
  Record<
    'range' | 'if-range' | 'if-match' | 'if-none-match' | 'if-modified-since' | 'if-unmodified-since',
    string | undefined
  >
>;

/** First and last byte, both sent. */
export interface ByteRange {
  first: number;
  last: number;
}

/** How to answer: whole, a part, "you have it", "it is another one", "there are no such bytes". */
export type Verdict = { status: 200 | 304 | 412 | 416 } | ({ status: 206 } & ByteRange);

/** Judges the conditions in the order of the RFC. Ranges mean something to GET only. */
export function judgeConditions(method: string, headers: ConditionHeaders, file: Representation): Verdict {
  if (isAnother(headers, file)) return { status: 412 };
  if (isKnown(headers, file)) return { status: 304 };
  const { range } = headers;
  if (method !== 'GET' || range === undefined || !isRangeWanted(headers, file)) return { status: 200 };
  const wanted = parseRange(range, file.bytes);
  if (wanted === 'ignored') return { status: 200 };
  return wanted === 'outside' ? { status: 416 } : { status: 206, ...wanted };
}

/**
 * Reads a header `Range`. What is no range of bytes is ignored, as the RFC asks; several ranges at once are ignored, as it allows: nobody
 * needs them to play or to resume.
 */
export function parseRange(header: string, bytes: number): ByteRange | 'ignored' | 'outside' {
  const [, from, to] = /^bytes=[ \t]*(\d*)-(\d*)[ \t]*$/i.exec(header) ?? [];
  if (from === undefined || to === undefined || (from === '' && to === '')) return 'ignored';
  if (from === '') {
    const length = Math.min(Number(to), bytes);
    return length === 0 ? 'outside' : { first: bytes - length, last: bytes - 1 };
  }
  const [first, last] = [Number(from), to === '' ? Number.POSITIVE_INFINITY : Number(to)];
  if (last < first) return 'ignored';
  return first >= bytes ? 'outside' : { first, last: Math.min(last, bytes - 1) };
}

/** If-Match, or without it If-Unmodified-Since: the caller wants this file and no other. */
function isAnother(headers: ConditionHeaders, { etag, modifiedAtMs }: Representation): boolean {
  const match = headers['if-match'];
  if (match !== undefined) return match.trim() !== '*' && !tagsIn(match).includes(etag);
  const since = dateIn(headers['if-unmodified-since']);
  return since !== null && inSeconds(modifiedAtMs) > since;
}

/** If-None-Match, or without it If-Modified-Since: the caller has the file already. */
function isKnown(headers: ConditionHeaders, { etag, modifiedAtMs }: Representation): boolean {
  const none = headers['if-none-match'];
  if (none !== undefined) {
    return (
      none.trim() === '*' ||
      tagsIn(none)
        .map((tag) => tag.replace(/^W\//, ''))
        .includes(etag)
    );
  }
  const since = dateIn(headers['if-modified-since']);
  return since !== null && inSeconds(modifiedAtMs) <= since;
}

/** If-Range: a part is of use only to who has other parts of the same file. */
function isRangeWanted(headers: ConditionHeaders, { etag, modifiedAtMs }: Representation): boolean {
  const header = headers['if-range'];
  if (header === undefined) return true;
  if (header.includes('"')) return header.trim() === etag;
  return dateIn(header) === inSeconds(modifiedAtMs);
}

/** Entity tags of a list, weak ones with their mark. A tag may hold commas. */
function tagsIn(header: string): string[] {
  return header.match(/(?:W\/)?"[^"]*"/g) ?? [];
}

/** Seconds since 1970; null for what is no date as HTTP writes it. */
function dateIn(header: string | undefined): number | null {
  const ms = /GMT$/.test(header ?? '') ? Date.parse(header ?? '') : Number.NaN;
  return Number.isNaN(ms) ? null : inSeconds(ms);
}

function inSeconds(ms: number): number {
  return Math.floor(ms / 1000);
}
