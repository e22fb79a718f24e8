import { type PointerEvent, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { formatLength } from '../format.ts';
import { barsOf, FIELD_HEIGHT, seekByKey, shapeOf } from './waveform-shape.ts';

const BARS = 300;

interface WaveformProps {
  /** 0…1 over the whole length; empty draws a plain line, for a file without sound or while its levels are on their way. */
  peaks: readonly number[];
  atSeconds: number;
  lengthSeconds: number;
  /** Places that are marked, from the beginning. */
  marksSeconds: readonly number[];
  onSeek(toSeconds: number): void;
}

/** How loud a file is over its length, and where the player is in it; a slider for pointer and keys. */
export function Waveform({ peaks, atSeconds, lengthSeconds, marksSeconds, onSeek }: WaveformProps) {
  const { t } = useTranslation();
  const field = useRef<HTMLDivElement>(null);
  const bars = peaks.length === 0 ? Array.from({ length: BARS }, () => 0) : barsOf(peaks, BARS);
  const shape = shapeOf(bars);
  const percent = (seconds: number) => `${lengthSeconds === 0 ? 0 : (100 * seconds) / lengthSeconds}%`;
  const seekTo = (event: PointerEvent) => {
    const box = field.current?.getBoundingClientRect();
    if (!box || box.width === 0) return;
    const share = Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
    onSeek(share * lengthSeconds);
  };
  return (
    <div
      ref={field}
      className="waveform"
      role="slider"
      tabIndex={0}
      aria-label={t('detail.position')}
      aria-valuemin={0}
      aria-valuemax={Math.round(lengthSeconds)}
      aria-valuenow={Math.round(atSeconds)}
      aria-valuetext={t('detail.positionText', {
        at: formatLength(atSeconds * 1000),
        length: formatLength(lengthSeconds * 1000),
      })}
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        seekTo(event);
      }}
      onPointerMove={(event) => {
        if (event.currentTarget.hasPointerCapture(event.pointerId)) seekTo(event);
      }}
      onKeyDown={(event) => {
        const to = seekByKey(event.key, atSeconds, lengthSeconds);
        if (to === null) return;
        event.preventDefault();
        onSeek(to);
      }}
    >
      <svg viewBox={`0 0 ${bars.length} ${FIELD_HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
        <path className="waveform-rest" d={shape} />
      </svg>
      <div className="waveform-played" style={{ width: percent(atSeconds) }} />
      {marksSeconds.map((seconds) => (
        <div key={seconds} className="waveform-mark" style={{ left: percent(seconds) }} />
      ))}
      <div className="waveform-head" style={{ left: percent(atSeconds) }} />
    </div>
  );
}
