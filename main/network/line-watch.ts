import { networkInterfaces } from 'node:os';
import type { Clock, Timeout } from '../delivery/clock.ts';

export interface LineWatchOptions {
  clock: Clock;
  /** Called when the machine has other addresses than before, and at least one. */
  onChanged(): void;
  /** Addresses of the machine that others can see; the operating system is asked by default. */
  addresses?: () => readonly string[];
  /** How often they are looked at. */
  everyMs?: number;
}

const EVERY_MS = 5000;

/** Notices that a cable was plugged in, a wireless network was found or a tunnel came up. Costs no traffic. @returns a function that ends it. */
export function watchLine({
  clock,
  onChanged,
  addresses = outsideAddresses,
  everyMs = EVERY_MS,
}: LineWatchOptions): () => void {
  let before = signatureOf(addresses());
  let timer: Timeout;
  const look = (): void => {
    const now = signatureOf(addresses());
    const changed = now !== before && now !== '';
    before = now;
    timer = clock.setTimeout(look, everyMs);
    if (changed) onChanged();
  };
  timer = clock.setTimeout(look, everyMs);
  return () => clock.clearTimeout(timer);
}

function signatureOf(addresses: readonly string[]): string {
  return [...addresses].sort().join(' ');
}

function outsideAddresses(): string[] {
  try {
    return Object.values(networkInterfaces()).flatMap((list) =>
      (list ?? []).filter(({ internal }) => !internal).map(({ address }) => address),
    );
  } catch {
    // Some sandboxes do not let a program see its interfaces; uploads then notice the line by trying.
    return [];
  }
}
