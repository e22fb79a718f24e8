import './live-picture.css';
import { Skeleton } from '@radix-ui/themes';
import { type ReactNode, useRef } from 'react';
import { useLivePicture } from '../data/live-picture.ts';
import { levelShare } from './level.tsx';

interface LivePictureProps {
  recordingId: string;
  alt: string;
  /** Said while there is no picture. */
  empty: string;
  /** Whether it records now; false while the room is being entered. */
  isRunning: boolean;
}

/** What a recording shows now, in a place whose size never changes. */
export function LivePicture({ recordingId, alt, empty, isRunning }: LivePictureProps) {
  const place = useRef<HTMLDivElement>(null);
  const address = useLivePicture(recordingId, place, isRunning);
  return (
    <div className="live-picture" ref={place}>
      {address ? (
        <img src={address} alt={alt} decoding="async" />
      ) : (
        <Empty isWaiting={isRunning && address === undefined}>{empty}</Empty>
      )}
    </div>
  );
}

function Empty({ isWaiting, children }: { isWaiting: boolean; children: ReactNode }) {
  return isWaiting ? <Skeleton className="live-picture-skeleton" /> : <span>{children}</span>;
}

/** In place of the picture of a recording of sound alone: how loud it was, second by second, the newest at the right. */
export function SoundPicture({ levels, label }: { levels: readonly (number | null)[]; label: string }) {
  return (
    <div className="live-picture live-sound" role="img" aria-label={label}>
      {levels.map((levelDb, index) => (
        <span key={index} style={{ height: `${4 + Math.round(92 * levelShare(levelDb))}%` }} />
      ))}
    </div>
  );
}
