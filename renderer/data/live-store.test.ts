import { describe, expect, it } from 'vitest';
import type { Progress } from '../../shared/api/messages.ts';
import { LiveStore } from './live-store.ts';

function progressOf(recordingId: string, timelineMs: number): Progress {
  const pictures = { sent: 0, skipped: 0, framesDropped: 0 };
  return { recordingId, state: 'recording', timelineMs, participants: null, pictures, live: null, upload: null };
}

/** A store whose next picture of the screen comes when the test says so. */
function rig() {
  let planned: (() => void)[] = [];
  const store = new LiveStore((work) => planned.push(work));
  const told: string[] = [];
  return {
    store,
    told,
    follow: (id: string) => store.subscribe(id, () => told.push(`${id} ${store.get(id)?.timelineMs ?? 'gone'}`)),
    nextPicture: () => {
      const work = planned;
      planned = [];
      for (const one of work) one();
      return work.length;
    },
  };
}

describe('news of recordings', () => {
  it('reach only those who show that recording, once for each picture of the screen, the newest', () => {
    const { store, told, follow, nextPicture } = rig();
    follow('a');
    follow('b');
    for (let n = 1; n <= 100; n += 1) store.set(progressOf('a', n));
    expect(told).toEqual([]);
    expect(nextPicture()).toBe(1);
    expect(told).toEqual(['a 100']);
    store.set(progressOf('b', 7));
    nextPicture();
    expect(told).toEqual(['a 100', 'b 7']);
  });

  it('of many recordings are drawn a few at a time, those that waited longest first', () => {
    const { store, told, follow, nextPicture } = rig();
    const ids = Array.from({ length: 12 }, (_, index) => `r${index}`);
    for (const id of ids) follow(id);
    for (const id of ids) store.set(progressOf(id, 1));
    nextPicture();
    expect(told).toEqual(['r0 1', 'r1 1', 'r2 1']);
    store.set(progressOf('r0', 2));
    let pictures = 1;
    while (nextPicture() > 0) pictures += 1;
    expect(told.slice(3).map((news) => news.split(' ')[0])).toEqual([...ids.slice(3), 'r0']);
    expect(pictures).toBeLessThanOrEqual(6);
  });

  it('end with whoever left, and keep the same value until there are others', () => {
    const { store, told, follow, nextPicture } = rig();
    const leave = follow('a');
    store.set(progressOf('a', 1));
    expect(store.get('a')).toBe(store.get('a'));
    leave();
    nextPicture();
    expect(told).toEqual([]);
    expect(store.get('c')).toBeNull();
  });

  it('are all forgotten when the box began anew', () => {
    const { store, told, follow, nextPicture } = rig();
    follow('a');
    store.set(progressOf('a', 1));
    nextPicture();
    store.clear();
    nextPicture();
    expect(told).toEqual(['a 1', 'a gone']);
  });
});
