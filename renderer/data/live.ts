import { type QueryClient, useQueryClient } from '@tanstack/react-query';
import { useCallback, useEffect, useState, useSyncExternalStore } from 'react';
import type { BoxMessage, Progress } from '../../shared/api/messages.ts';
import { api } from './api.ts';
import { isTouched } from './live-changes.ts';
import { followBox } from './live-connection.ts';
import { LiveStore } from './live-store.ts';

/** Changes are gathered for this long before anything is read anew, so that a storm of events is one reading. */
const GATHER_MS = 300;

/** Nobody reads faster than this. */
const DRAW_EVERY_MS = 100;

const store = new LiveStore((work) => void setTimeout(() => requestAnimationFrame(work), DRAW_EVERY_MS));

/**
 * Keeps what the page shows up to date by the box's events: progress goes straight to whoever shows that recording, and of what was read
 * before, only what an event touches is read anew.
 * @returns whether the box answers now
 */
export function useLive(): boolean {
  const queries = useQueryClient();
  const [isConnected, setConnected] = useState(true);
  useEffect(() => {
    const changes = gatherChanges(queries);
    const end = followBox({
      open: (after) => new EventSource(after === null ? '/api/events' : `/api/events?after=${after}`),
      isThere: () =>
        api()
          .call('healthz', {})
          .then(() => true),
      onMessage: (message) => onMessage(message, queries, changes),
      onConnected: setConnected,
      onBlind: changes.everything,
    });
    return () => {
      end();
      changes.stop();
    };
  }, [queries]);
  return isConnected;
}

/** How far a recording is that is being captured or uploaded, anew each second; null until the box has told. */
export function useProgress(recordingId: string): Progress | null {
  const subscribe = useCallback((listener: () => void) => store.subscribe(recordingId, listener), [recordingId]);
  return useSyncExternalStore(subscribe, () => store.get(recordingId));
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

interface Changes {
  of(recordingId: string | null): void;
  everything(): void;
  stop(): void;
}

function onMessage(message: BoxMessage, queries: QueryClient, changes: Changes): void {
  switch (message.name) {
    case 'opened':
      // Whatever happened while nobody listened.
      store.clear();
      changes.everything();
      return;
    case 'audit':
      changes.of(message.data.recordingId);
      return;
    case 'progress':
      store.set(message.data);
      return;
    case 'selfTest':
      queries.setQueryData(['getSelfTest', {}], message.data);
      return;
  }
}

/** Collects what has changed and has it read anew together. */
function gatherChanges(queries: QueryClient): Changes {
  const touched = new Set<string | null>();
  let isEverything = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const plan = (): void => {
    timer ??= setTimeout(() => {
      timer = undefined;
      const ids = [...touched];
      const all = isEverything;
      touched.clear();
      isEverything = false;
      const predicate = ({ queryKey }: { queryKey: readonly unknown[] }) =>
        all || ids.some((id) => isTouched(queryKey, id));
      void queries.invalidateQueries({ predicate });
    }, GATHER_MS);
  };
  return {
    of(recordingId) {
      touched.add(recordingId);
      plan();
    },
    everything() {
      isEverything = true;
      plan();
    },
    stop: () => clearTimeout(timer),
  };
}
