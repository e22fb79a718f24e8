import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { addRecording } from '../../test/support/new-recording.ts';
import { createSupervised, type Supervised } from '../../test/support/supervised.ts';

let box: Supervised;

beforeEach(() => {
  box = createSupervised();
});
afterEach(() => box.close());

describe('runs', () => {
  it('there is one per recording, and its process is known', async () => {
    const id = await box.launched();
    box.supervisor.launch(id);
    await box.advance(0);
    expect(box.host.started).toHaveLength(1);
    expect(box.supervisor.processes()).toEqual(new Map([[id, 1000]]));
    expect(box.supervisor.stats(id)).toBeNull();
    expect(box.supervisor.stats('unknown')).toBeNull();
    box.supervisor.stop('unknown', 'stopped');
  });

  it('are taken up again for every recording that was under way when the box ended, and only for those', async () => {
    const rows = [1, 2, 3, 4, 5].map((roomId) => addRecording(box.store, { roomId }).id);
    const [accepted, joining, waiting, stopped, over] = rows as [string, string, string, string, string];
    const { recordings } = box.store;
    recordings.move(joining, 'accepted', 'joining');
    recordings.move(waiting, 'accepted', 'joining');
    recordings.move(waiting, 'joining', 'waiting', { startedAtMs: 1 });
    recordings.requestStop(stopped, 'stopped');
    recordings.move(over, 'accepted', 'notifying', { outcome: 'failed' });
    expect(box.supervisor.recover()).toBe(4);
    await box.advance(0);
    expect([accepted, joining, waiting].map((id) => box.row(id).state)).toEqual(['joining', 'joining', 'joining']);
    expect(box.host.started).toHaveLength(3);
    expect(box.row(stopped)).toMatchObject({ state: 'notifying', endReason: 'stopped' });
    expect(box.finished).toEqual([stopped]);
    expect(box.row(over).state).toBe('notifying');
  });
});

describe('draining', () => {
  it('asks every recording to end and waits for the last one', async () => {
    const first = await box.launched(1);
    const second = await box.launched(2);
    for (const process of box.host.started) process.enter(0);
    box.supervisor.stop(first, 'stopped');
    let isDrained = false;
    const drained = box.supervisor.drain('shutdown').then(() => {
      isDrained = true;
    });
    expect([box.row(first).stopRequested, box.row(second).stopRequested]).toEqual(['stopped', 'shutdown']);
    box.host.started[0]?.exit(0);
    await box.advance(0);
    expect(isDrained).toBe(false);
    box.host.started[1]?.exit(0);
    await drained;
    expect(box.row(second)).toMatchObject({ state: 'finalizing', endReason: 'shutdown' });
  });

  it('with nothing to do is done at once', async () => {
    await box.supervisor.drain('shutdown');
  });

  it('takes nothing new: the next start of the box does', async () => {
    const first = await box.launched(1);
    box.host.last.enter(0);
    const drained = box.supervisor.drain('shutdown');
    const { id } = addRecording(box.store, { roomId: 2 });
    box.supervisor.launch(id);
    box.host.last.exit(0);
    await drained;
    expect(box.host.started).toHaveLength(1);
    expect(box.row(id).state).toBe('accepted');
    expect(box.row(first).state).toBe('finalizing');
  });

  it('does not wait for ever for a process that cannot be ended', async () => {
    const id = await box.launched();
    box.host.last.enter(0);
    box.host.last.obeys = false;
    let isDrained = false;
    void box.supervisor.drain('shutdown').then(() => {
      isDrained = true;
    });
    await box.advance(49_999);
    expect(isDrained).toBe(false);
    expect(box.host.last.destroyed).toHaveLength(1);
    await box.advance(1);
    expect(isDrained).toBe(true);
    expect(box.row(id)).toMatchObject({ state: 'finalizing', endReason: 'shutdown' });
  });
});
