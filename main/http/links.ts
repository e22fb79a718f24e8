import { CAPTURING_STATES, mediaOf } from '../../shared/recording.ts';
import type { RecordingView } from '../../shared/view.ts';

type Links = Record<string, string>;

const BELOW = ['stop', 'callback', 'retry', 'credentials', 'result', 'events', 'manifest'];

/** Addresses of one recording, relative to the box. */
export function linksOf(id: string): Links {
  const self = `/api/recordings/${encodeURIComponent(id)}`;
  return { self, ...Object.fromEntries(BELOW.map((name) => [name, `${self}/${name}`])) };
}

/**
 * Addresses of a file: `file` and `download` while it is on the box and finished, `thumbnail` and `waveform` as far as it has pictures and
 * sound.
 */
export function fileLinksOf(recording: RecordingView, index: number): Links {
  const file = recording.files[index];
  const isGrowing = [...CAPTURING_STATES, 'finalizing'].includes(recording.state);
  if (file === undefined || file.bytes === 0 || isGrowing) return {};
  const self = `${linksOf(recording.id).self}/files/${index}`;
  const { video, audio } = mediaOf(recording.request.Mode);
  return {
    ...(file.localPath === null ? {} : { file: self, download: `${self}?download=true` }),
    ...(video ? { thumbnail: `${self}/thumbnail` } : {}),
    ...(audio ? { waveform: `${self}/waveform` } : {}),
  };
}
