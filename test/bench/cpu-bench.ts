/**
 * `npm run bench`: what a recording costs. The whole box records six participants; the floor is the same ffmpeg with the same
 * arguments encoding the same pictures and sound from a file. What the box costs beyond the floor is the price of receiving, mixing
 * and delivering; how much of that is the simulated room itself is measured beside it, and so are other ways of making the same file.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { findFfmpeg } from '../../main/capture/encode/ffmpeg.ts';
import { defaultSettings } from '../../main/settings/settings.ts';
import { composeStream, FRAME, PARTICIPANTS, prepareParticipants } from './material.ts';
import { lengthen, peerRound, peersHere } from './peers.ts';
import { describeMachine, type Report, type Round, summarise } from './report.ts';
import { boxRound, encoderArgs, feedRound, floorRound, presetArgs, roomsOf } from './rounds.ts';

export interface CpuBenchOptions {
  seconds: number;
  rounds: number;
  /** Null draws the clips. */
  mediaDirectory: string | null;
}

/** @throws where /proc is missing, or no ffmpeg works */
export async function runCpuBench(options: CpuBenchOptions): Promise<Report> {
  const { seconds, rounds: count, mediaDirectory: media } = options;
  const ffmpeg = await findFfmpeg();
  if (ffmpeg.kind === 'missing') throw new Error(ffmpeg.remedy);
  const settings = defaultSettings();
  const { video } = settings;
  const startedAt = new Date();
  const directory = await mkdtemp(path.join(tmpdir(), 'recorder-bench-'));
  try {
    console.log(`preparing ${PARTICIPANTS} participants and the composed stream …`);
    const participants = await prepareParticipants({
      ...{ directory, ffmpegPath: ffmpeg.path, mediaDirectory: media },
    });
    const stream = path.join(directory, 'composed.mkv');
    await composeStream({ participants, video, seconds, file: stream });
    const args = encoderArgs(settings, ffmpeg);
    const ofPeers = {
      ...{ participants, seconds, directory, ffmpegPath: ffmpeg.path, presetArgs: presetArgs(args), canvas: video },
    };
    const { present, missing } = await peersHere();
    if (present.includes('gstreamer')) await lengthen(ofPeers);
    const rounds: Round[] = [];
    // Interleaved, so that whatever else the machine does at the time hits both sides.
    for (let round = 1; round <= count; round += 1) {
      console.log(`round ${round} of ${count}: box …`);
      rounds.push(await boxRound({ rooms: roomsOf(participants, seconds), seconds }));
      console.log(`round ${round} of ${count}: floor …`);
      rounds.push(await floorRound({ kind: 'floor', ffmpegPath: ffmpeg.path, args, stream, directory }));
      console.log(`round ${round} of ${count}: floor with the plain preset …`);
      const preset = { kind: 'preset', ffmpegPath: ffmpeg.path, args: presetArgs(args), stream, directory } as const;
      rounds.push(await floorRound(preset));
      console.log(`round ${round} of ${count}: stand-in alone …`);
      rounds.push(
        await feedRound({ rooms: roomsOf(participants, seconds), seconds, directory, ffmpegPath: ffmpeg.path }),
      );
      for (const kind of present) {
        console.log(`round ${round} of ${count}: ${kind} …`);
        rounds.push(await peerRound(kind, ofPeers));
      }
    }
    const facts = {
      benchmark: `${PARTICIPANTS} × ${FRAME.width}×${FRAME.height}@${FRAME.fps} → ${video.width}×${video.height}@${video.fps}, mode 12`,
      startedAt: startedAt.toISOString(),
      machine: describeMachine(ffmpeg),
      seconds,
      content: media ? `clips of ${path.basename(media)}` : 'drawn clips',
      rounds,
      missing,
    };
    return summarise(facts, video.fps);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
