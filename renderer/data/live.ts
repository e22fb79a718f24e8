import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';

/** Changes are gathered for this long before anything is read anew, so that a storm of events is one reading. */
const GATHER_MS = 300;
/** What only moves on is read anew this often. */
const PROGRESS_MS = 3000;

/**
 * Keeps what the page shows up to date by the box's events: whatever they touch is read anew, at most a few times a second.
 * @returns whether the box answers now
 */
export function useLive(): boolean {
  const queries = useQueryClient();
  const [isConnected, setConnected] = useState(true);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let slow: ReturnType<typeof setTimeout> | undefined;
    const source = new EventSource('/api/events');
    const gather = () => {
      timer ??= setTimeout(() => {
        timer = undefined;
        void queries.invalidateQueries();
      }, GATHER_MS);
    };
    // Progress comes every second of every recording; lengths go on by the page's own clock meanwhile.
    const gatherSlowly = () => {
      slow ??= setTimeout(() => {
        slow = undefined;
        gather();
      }, PROGRESS_MS);
    };
    source.onopen = () => {
      setConnected(true);
      gather();
    };
    source.onerror = () => setConnected(false);
    source.addEventListener('audit', gather);
    source.addEventListener('progress', gatherSlowly);
    return () => {
      clearTimeout(timer);
      clearTimeout(slow);
      source.close();
    };
  }, [queries]);
  return isConnected;
}

/** The time, anew every so often, for what is shown as a distance. */
export function useNow(everyMs = 1000): number {
  const [nowMs, setNowMs] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNowMs(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return nowMs;
}
