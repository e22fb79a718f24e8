import { mkdir, open, readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gridLayout } from '../../main/capture/mix/layout.ts';
import type { RecordingView } from '../../shared/view.ts';
import { sampleRequest } from '../support/box.ts';
import { launchChromium } from '../support/chromium.ts';
import { COLOURS, makeClip, TONES_HZ } from '../support/clips.ts';
import { probe } from '../support/flash-and-beep.ts';
import { expectLength } from '../support/length.ts';
import { colourDistance, type Rgb, rgbOf } from '../support/media.ts';
import { type RangeServer, startRangeServer } from '../support/range-server.ts';
import { type Rig, startRig } from '../support/rig.ts';
import { ROOT } from '../support/source-tree.ts';

// What a person does with a recording: opens it in a browser, plays it, jumps in it. And what he sees of the box itself.

const ROOM_SECONDS = 8;
/** Long after the second participant entered: on a busy machine his first picture comes late. */
const SEEK_SECONDS = 7.5;
/** Long after the first participant entered, and before the second did. */
const ALONE_SECONDS = 3;
/** The second participant enters here, so that a jump has something to prove. */
const SECOND_ENTERS_AT = 4;
/** Chromium's own conversion of YUV in addition to the encoder's loss. */
const COLOUR_TOLERANCE = 16;
const CANVAS = { width: 1280, height: 720 };
const PLAYS_WITHIN_MS = 90_000;

let rig: Rig;
let server: RangeServer;
let browser: Browser;
/** The recordings with pictures and without, and their files. */
let film: RecordingView;
let sound: RecordingView;
let mp4: string;
let mp3: string;

beforeAll(async () => {
  rig = await startRig({
    name: 'playback',
    rooms: async (directory, ffmpegPath) => {
      const participants = await Promise.all(
        [0, SECOND_ENTERS_AT].map(async (enterAt, user) => ({
          userId: `user_${user}`,
          enterAt,
          media: await makeClip(ffmpegPath, directory, `user_${user}`, {
            ...{ colour: COLOURS[user]!, toneHz: TONES_HZ[user]!, seconds: 4 },
          }),
        })),
      );
      return { '1': { participants, events: [{ at: ROOM_SECONDS, type: 'dissolve' }] } };
    },
  });
  const ids = await Promise.all(
    ['12', '10'].map((Mode) =>
      rig.box.record(sampleRequest({ RoomId: 1, UserId: `rec_${Mode}`, Mode, Callback: undefined })),
    ),
  );
  const views = await Promise.all(ids.map((id) => rig.box.waitForState(id, 'done')));
  [film, sound] = views as [RecordingView, RecordingView];
  [mp4, mp3] = views.map(({ files }) => files[0]!.localPath!) as [string, string];
  const player = (tag: string, source: string) =>
    `<!doctype html><title>player</title><link rel="icon" href="data:,"><${tag} src="${source}" controls preload="auto"></${tag}>`;
  server = await startRangeServer({
    '/film.mp4': { type: 'video/mp4', file: mp4 },
    '/sound.mp3': { type: 'audio/mpeg', file: mp3 },
    '/film': { type: 'text/html', text: player('video', 'film.mp4') },
    '/sound': { type: 'text/html', text: player('audio', 'sound.mp3') },
  });
  browser = await launchChromium();
}, 300_000);

afterAll(async () => {
  await browser?.close();
  await server?.close();
  await rig?.close();
});

/** Types of the boxes at the top of an MP4 file, in order. */
async function topBoxes(file: string): Promise<string[]> {
  const handle = await open(file);
  try {
    const { size } = await handle.stat();
    const types: string[] = [];
    for (let at = 0; at < size; ) {
      const { buffer } = await handle.read(Buffer.alloc(16), 0, 16, at);
      types.push(buffer.toString('latin1', 4, 8));
      const length = buffer.readUInt32BE(0);
      at += length === 1 ? Number(buffer.readBigUInt64BE(8)) : length;
    }
    return types;
  } finally {
    await handle.close();
  }
}

/** Opens a page and collects everything that goes wrong in it. */
async function openPage(url: string): Promise<{ page: Page; complaints: string[] }> {
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 }, locale: 'en' });
  page.setDefaultTimeout(PLAYS_WITHIN_MS);
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  page.on('requestfailed', (request) => {
    const why = request.failure()?.errorText ?? '';
    // What a player was still loading when it is taken to another place is given up.
    if (why !== 'net::ERR_ABORTED') complaints.push(`${request.url()}: ${why}`);
  });
  await page.goto(url);
  return { page, complaints };
}

/** Plays from the beginning until more than a second has passed; returns what the player then says. */
async function playOneSecond(page: Page) {
  await page.evaluate(async () => {
    await document.querySelector<HTMLMediaElement>('video, audio')!.play();
  });
  await page.waitForFunction(() => document.querySelector<HTMLMediaElement>('video, audio')!.currentTime > 1);
  return await page.evaluate(() => {
    const media = document.querySelector<HTMLMediaElement & { webkitAudioDecodedByteCount: number }>('video, audio')!;
    media.pause();
    return {
      seconds: media.currentTime,
      duration: media.duration,
      error: media.error?.message ?? null,
      decodedSoundBytes: media.webkitAudioDecodedByteCount,
    };
  });
}

/** Jumps and waits until the picture of that moment is there. */
async function seek(page: Page, seconds: number): Promise<number> {
  return await page.evaluate(async (to) => {
    const media = document.querySelector<HTMLMediaElement>('video, audio')!;
    const arrived = new Promise((resolve) => media.addEventListener('seeked', resolve, { once: true }));
    media.currentTime = to;
    await arrived;
    return media.currentTime;
  }, seconds);
}

/** Colour that the video shows at a point. */
async function shownColour(page: Page, x: number, y: number): Promise<Rgb> {
  return await page.evaluate(
    ([left, top]) => {
      const video = document.querySelector('video')!;
      const canvas = new OffscreenCanvas(video.videoWidth, video.videoHeight);
      const context = canvas.getContext('2d')!;
      context.drawImage(video, 0, 0);
      const [r = 0, g = 0, b = 0] = context.getImageData(left, top, 1, 1).data;
      return { r, g, b };
    },
    [x, y] as const,
  );
}

/** Colour that a user's cell has by plan, and a point in it above the moving marker. */
function cellOf(user: number, users: number) {
  const cell = gridLayout(users, CANVAS.width, CANVAS.height)[user]!;
  return { x: cell.x + cell.width / 2, y: cell.y + cell.height / 2, colour: rgbOf(COLOURS[user]!) };
}

/** The film stands still: what is waited for is the picture of that moment on the screen, which may come after the news of it. */
async function expectColour(page: Page, user: number, users: number): Promise<void> {
  const { x, y, colour } = cellOf(user, users);
  const distance = async () => colourDistance(await shownColour(page, x, y), colour);
  await expect.poll(distance, { message: `user ${user} of ${users}` }).toBeLessThanOrEqual(COLOUR_TOLERANCE);
}

describe('a recording in a real Chromium', { timeout: 180_000 }, () => {
  it('the MP4 plays, shows who was there, and can be jumped in', async () => {
    const { page, complaints } = await openPage(`${server.url}/film`);
    const played = await playOneSecond(page);
    expect(played.seconds).toBeGreaterThan(1);
    expectLength(film, played.duration * 1000, ROOM_SECONDS * 1000);
    expect(played.error).toBeNull();
    expect(played.decodedSoundBytes).toBeGreaterThan(1000);
    const size = await page.evaluate(() => {
      const { videoWidth, videoHeight } = document.querySelector('video')!;
      return { width: videoWidth, height: videoHeight };
    });
    expect(size).toEqual(CANVAS);
    // A slow machine may have played on beyond the second participant's entering.
    await seek(page, ALONE_SECONDS);
    await expectColour(page, 0, 1);
    expect(Math.abs((await seek(page, SEEK_SECONDS)) - SEEK_SECONDS)).toBeLessThanOrEqual(0.1);
    await expectColour(page, 0, 2);
    await expectColour(page, 1, 2);
    await seek(page, ALONE_SECONDS - 1);
    await expectColour(page, 0, 1);
    expect(complaints).toEqual([]);
    expect(server.ranges('/film.mp4').every((range) => range.startsWith('bytes='))).toBe(true);
    await page.close();
  });

  it('the MP3 plays and can be jumped in', async () => {
    const { page, complaints } = await openPage(`${server.url}/sound`);
    const played = await playOneSecond(page);
    expectLength(sound, played.duration * 1000, ROOM_SECONDS * 1000);
    expect(played.error).toBeNull();
    expect(played.decodedSoundBytes).toBeGreaterThan(1000);
    expect(Math.abs((await seek(page, SEEK_SECONDS)) - SEEK_SECONDS)).toBeLessThanOrEqual(0.1);
    expect(complaints).toEqual([]);
    await page.close();
  });
});

describe("the box's own player", { timeout: 180_000 }, () => {
  /** The address behind a link of the page, in the row of the recording with pictures. */
  const linkOf = async (page: Page, words: string): Promise<string> => {
    const row = page.locator('tr', { hasText: 'rec_12' });
    return (await row.getByRole('link', { name: words }).getAttribute('href')) ?? '';
  };

  it('follows the link of the page: the film plays, shows who was there, and can be jumped in', async () => {
    const { page: list } = await openPage(`${rig.box.url}/plain`);
    const href = await linkOf(list, 'Play');
    await list.close();
    const asked: string[] = [];
    const { page, complaints } = await openPage('about:blank');
    page.on('response', (response) => asked.push(`${response.status()} ${response.request().headers().range ?? ''}`));
    await page.goto(`${rig.box.url}${href}`);
    const played = await playOneSecond(page);
    expect(played.error).toBeNull();
    expectLength(film, played.duration * 1000, ROOM_SECONDS * 1000);
    expect(Math.abs((await seek(page, SEEK_SECONDS)) - SEEK_SECONDS)).toBeLessThanOrEqual(0.1);
    await expectColour(page, 0, 2);
    await expectColour(page, 1, 2);
    await seek(page, ALONE_SECONDS);
    await expectColour(page, 0, 1);
    expect(complaints).toEqual([]);
    expect(asked.some((one) => /^206 bytes=\d+-/.test(one))).toBe(true);
    await page.close();
  });

  it('saves the film under its name, byte for byte', async () => {
    const { page } = await openPage(`${rig.box.url}/plain`);
    const href = await linkOf(page, 'Save');
    const begun = page.waitForEvent('download');
    await page.evaluate((address) => {
      const link = document.createElement('a');
      link.href = address;
      link.click();
    }, href);
    const download = await begun;
    expect(download.suggestedFilename()).toBe(path.basename(mp4));
    expect(await readFile(await download.path())).toEqual(await readFile(mp4));
    await page.close();
  });
});

describe('what a prober says', () => {
  it('MP4: H.264 and AAC, index before the media, both tracks as long as the room lived', async () => {
    const { streams, format } = await probe(mp4);
    const [video, audio] = ['video', 'audio'].map((type) => streams.find(({ codec_type }) => codec_type === type)!);
    expect(streams).toHaveLength(2);
    expect(video).toMatchObject({ codec_name: 'h264', ...CANVAS, pix_fmt: 'yuv420p', avg_frame_rate: '15/1' });
    expect(audio).toMatchObject({ codec_name: 'aac', sample_rate: '48000', channels: 1 });
    for (const { duration } of [video!, audio!, format]) {
      expectLength(film, Number(duration) * 1000, ROOM_SECONDS * 1000);
    }
    const boxes = await topBoxes(mp4);
    expect(boxes[0]).toBe('ftyp');
    expect(boxes.filter((type) => type === 'moov' || type === 'mdat')).toEqual(['moov', 'mdat']);
    expect(boxes).not.toContain('moof');
  });

  it('MP3: one stream of the length of the room', async () => {
    const { streams, format } = await probe(mp3);
    expect(streams.map(({ codec_name }) => codec_name)).toEqual(['mp3']);
    expect(format.format_name).toBe('mp3');
    expectLength(sound, Number(format.duration) * 1000, ROOM_SECONDS * 1000);
  });
});

describe('the page without scripts', () => {
  it('shows its title, the banner of simulated rooms and a row for each recording, without a complaint', async () => {
    const { page, complaints } = await openPage(`${rig.box.url}/plain`);
    expect(await page.title()).not.toBe('');
    expect(await page.locator('h1').first().textContent()).toMatch(/\w{3}/);
    for (const { id } of await rig.box.list()) {
      const row = page.locator(`tr:has(a[href="/api/recordings/${id}"])`);
      expect(await row.count()).toBe(1);
      expect(await row.textContent()).toContain('rec_1');
    }
    expect(await page.locator('body').textContent()).toMatch(/simulated/i);
    const folder = path.join(ROOT, 'test-output');
    await mkdir(folder, { recursive: true });
    await page.screenshot({ path: path.join(folder, 'page.png'), fullPage: true });
    expect(complaints).toEqual([]);
    await page.close();
  });
});
