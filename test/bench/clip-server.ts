import { execFile } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { promisify } from 'node:util';
import { gridLayout } from '../../main/capture/mix/layout.ts';
import { FRAME, type Participant } from './material.ts';

const run = promisify(execFile);

export interface ClipServer {
  url: string;
  /** Resolves once the page plays all clips. @throws when it does not within the given time */
  playing(withinMs: number): Promise<void>;
  close(): Promise<void>;
}

/** Serves a page that shows the participants' clips in the box's own grid, as a browser gets them: encoded. */
export async function serveClips(options: {
  participants: readonly Participant[];
  directory: string;
  ffmpegPath: string;
  canvas: { width: number; height: number };
}): Promise<ClipServer> {
  const { participants, directory, ffmpegPath, canvas } = options;
  const clips: string[] = [];
  for (const [at, { video }] of participants.entries()) {
    const clip = path.join(directory, `clip-${at}.mp4`);
    await encodeClip(ffmpegPath, video, clip);
    clips.push(clip);
  }
  const page = pageOf(participants.length, canvas);
  const played = Promise.withResolvers<void>();
  const server = createServer((request, response) => {
    const url = request.url ?? '/';
    const clip = clips[Number(/^\/(\d+)\.mp4$/.exec(url)?.[1] ?? -1)];
    if (clip !== undefined) void sendClip(response, clip, request.headers.range);
    else if (url === '/playing') {
      played.resolve();
      response.writeHead(204).end();
    } else response.writeHead(url === '/' ? 200 : 404, { 'content-type': 'text/html; charset=utf-8' }).end(page);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    async playing(withinMs) {
      const timer = setTimeout(() => played.reject(new Error('the browser does not play the clips')), withinMs);
      await played.promise.finally(() => clearTimeout(timer));
    },
    async close() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

async function encodeClip(ffmpegPath: string, raw: string, clip: string): Promise<void> {
  if ((await stat(clip).catch(() => null)) !== null) return;
  const size = `${FRAME.width}x${FRAME.height}`;
  await run(ffmpegPath, [
    ...['-v', 'error', '-nostdin', '-y', '-f', 'rawvideo', '-pix_fmt', 'yuv420p', '-s', size, '-r', `${FRAME.fps}`],
    ...['-i', raw, '-c:v', 'libx264', '-preset', 'veryfast', '-crf', '23', '-movflags', '+faststart', clip],
  ]);
}

function pageOf(count: number, canvas: { width: number; height: number }): string {
  const videos = gridLayout(count, canvas.width, canvas.height).map(({ x, y, width, height }, at) => {
    const place = `left:${x}px;top:${y}px;width:${width}px;height:${height}px`;
    return `<video src="/${at}.mp4" autoplay muted loop style="position:absolute;${place}"></video>`;
  });
  const script = `const waiting = new Set(document.querySelectorAll('video'));
    for (const video of waiting) video.addEventListener('timeupdate', () => {
      if (waiting.delete(video) && waiting.size === 0) fetch('/playing');
    });`;
  return `<!doctype html><body style="margin:0;overflow:hidden;background:#000">${videos.join('')}<script>${script}</script>`;
}

async function sendClip(response: ServerResponse, clip: string, range: string | undefined): Promise<void> {
  const { size } = await stat(clip);
  const [, from = '0', to = ''] = /^bytes=(\d+)-(\d*)$/.exec(range ?? '') ?? [];
  const start = Number(from);
  const end = to === '' ? size - 1 : Number(to);
  response.writeHead(range === undefined ? 200 : 206, {
    'content-type': 'video/mp4',
    'accept-ranges': 'bytes',
    'content-length': end - start + 1,
    ...(range === undefined ? {} : { 'content-range': `bytes ${start}-${end}/${size}` }),
  });
  createReadStream(clip, { start, end }).pipe(response);
}
