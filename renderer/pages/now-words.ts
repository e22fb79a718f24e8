import type { LiveParticipant } from '../../shared/api/messages.ts';
import { hoursLeft } from '../../shared/size-estimate.ts';

/** What is said of a participant; each is a key of the texts `now.who`. */
export type ParticipantWord =
  | 'talking'
  | 'muted'
  | 'quiet'
  | 'cameraOff'
  | 'cameraHeld'
  | 'stalled'
  | 'screen'
  | 'leftHeld'
  | 'left'
  | 'waiting';

/** A participant's state in words, the most telling one first. What is not recorded is not spoken of. */
export function participantWords(
  participant: Omit<LiveParticipant, 'userId' | 'levelDb'>,
  media: { video: boolean; audio: boolean },
): ParticipantWord[] {
  const { isInRoom, slot, audio, video, screen, talking, picture } = participant;
  if (!isInRoom) return [media.video && picture !== 'none' ? 'leftHeld' : 'left'];
  if (slot === null) return ['waiting'];
  const words: ParticipantWord[] = [];
  if (media.audio) words.push(!audio ? 'muted' : talking ? 'talking' : 'quiet');
  if (media.video && !video) words.push(picture === 'held' ? 'cameraHeld' : 'cameraOff');
  if (media.video && video && picture === 'held') words.push('stalled');
  if (media.video && screen) words.push('screen');
  return words;
}

/** What is known of the recordings that run and of those that would be taken. */
export interface PlacesFacts {
  recordings: { capturing: number; capacity: number };
  capacity: {
    basis: 'measured' | 'assumed' | 'set';
    room: { mixed: number; singles: number; sound: number };
    loadCores: number;
    limitCores: number;
  };
}

export interface DiskFacts {
  freeBytes: number | null;
  totalBytes: number | null;
  reserveBytes: number;
  bytesPerHour: number;
}

/** What a disk has room for. */
export interface DiskRoom {
  /** About how many hours of recording fit on the disk; null when that is not known. */
  hours: number | null;
  /** Shares of the disk, 0…1: taken, and kept in reserve; null when its size is not known. */
  shares: { taken: number; reserve: number } | null;
}

export function hoursAndShares({ freeBytes, totalBytes, reserveBytes, bytesPerHour }: DiskFacts): DiskRoom {
  if (freeBytes === null) return { hours: null, shares: null };
  const hours = hoursLeft({ freeBytes, reserveBytes }, bytesPerHour);
  if (totalBytes === null || totalBytes <= 0) return { hours, shares: null };
  const share = (bytes: number) => Math.min(1, Math.max(0, bytes / totalBytes));
  return { hours, shares: { taken: share(totalBytes - freeBytes), reserve: share(reserveBytes) } };
}

/** How long so many hours are in a unit that people use, rounded down: never more is promised than there is. */
export function roundHours(hours: number): { unit: 'minutes' | 'hours' | 'days'; count: number } {
  if (hours < 2) return { unit: 'minutes', count: Math.floor(hours * 60) };
  if (hours < 96) return { unit: 'hours', count: Math.floor(hours) };
  return { unit: 'days', count: Math.floor(hours / 24) };
}
