import { isIPv6 } from 'node:net';

/** Counts requests with access tokens that are not known. Pure: the caller says what time it is. Good tokens are never counted. */
export interface AttemptLimit {
  /**
   * Notes a failed attempt.
   * @param address of whoever sent it.
   * @returns null while it is to be answered as usual, or the seconds after which another try makes sense.
   */
  failed(address: string, nowMs: number): number | null;
}

export interface AttemptRules {
  /** Failures that may follow one another at once, and one more becomes free after each `everyMs`. */
  burst: number;
  everyMs: number;
}

/** What one address may fail. */
const PER_ADDRESS: AttemptRules = { burst: 10, everyMs: 6_000 };
/** What all addresses together may fail: somebody may have many. */
const OVERALL: AttemptRules = { burst: 100, everyMs: 600 };
/** Addresses remembered; beyond them the one that failed longest ago is forgotten. */
const MAX_ADDRESSES = 1000;

interface Bucket {
  /** Failures still free at `atMs`. */
  free: number;
  atMs: number;
}

export function createAttemptLimit(perAddress = PER_ADDRESS, overall = OVERALL): AttemptLimit {
  const buckets = new Map<string, Bucket>();
  const all: Bucket = { free: overall.burst, atMs: Number.NEGATIVE_INFINITY };
  return {
    failed(address, nowMs) {
      const key = neighbourhoodOf(address);
      const own = buckets.get(key) ?? { free: perAddress.burst, atMs: nowMs };
      // Put back at the end: the map is in the order of the last failures.
      buckets.delete(key);
      buckets.set(key, own);
      const oldest = buckets.size > MAX_ADDRESSES ? buckets.keys().next() : null;
      if (oldest?.done === false) buckets.delete(oldest.value);
      const waitMs = takeFrom(own, perAddress, nowMs);
      // An address that is held back takes nothing from the others.
      return waitMs > 0 ? inSeconds(waitMs) : inSeconds(takeFrom(all, overall, nowMs));
    },
  };
}

/** Takes one failure when one is free. @returns 0, or after how many milliseconds one becomes free. */
function takeFrom(bucket: Bucket, { burst, everyMs }: AttemptRules, nowMs: number): number {
  // A clock that went back frees nothing.
  const passedMs = Math.max(0, nowMs - bucket.atMs);
  bucket.free = Math.min(burst, bucket.free + passedMs / everyMs);
  bucket.atMs = nowMs;
  if (bucket.free < 1) return (1 - bucket.free) * everyMs;
  bucket.free -= 1;
  return 0;
}

function inSeconds(waitMs: number): number | null {
  return waitMs === 0 ? null : Math.ceil(waitMs / 1000);
}

/** Who has one IPv6 address usually has all 2^64 of its network. */
function neighbourhoodOf(address: string): string {
  if (!isIPv6(address) || address.includes('.')) return address;
  const [head = '', tail = ''] = address.split('::');
  const [before, after] = [head, tail].map((part) => (part === '' ? [] : part.split(':'))) as [string[], string[]];
  const zeros = new Array<string>(Math.max(0, 8 - before.length - after.length)).fill('0');
  return [...before, ...zeros, ...after].slice(0, 4).join(':');
}
