import { Heading, Text } from '@radix-ui/themes';
import { useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { formatLength } from '../format.ts';
import { Waveform } from './waveform.tsx';

/** A named place of the file, in the reader's words. */
export interface PlayerChapter {
  atMs: number;
  title: string;
}

interface PlayerProps {
  /** Address of the file; it answers ranges. */
  source: string;
  name: string;
  hasPictures: boolean;
  poster: string | undefined;
  lengthMs: number;
  peaks: readonly number[];
  chapters: readonly PlayerChapter[];
}

/** Plays a file, shows how loud it is over its length, and jumps to any place of it. */
export function Player({ source, name, hasPictures, poster, lengthMs, peaks, chapters }: PlayerProps) {
  const { t } = useTranslation();
  const media = useRef<HTMLVideoElement & HTMLAudioElement>(null);
  const [atSeconds, setAtSeconds] = useState(0);
  const [lengthSeconds, setLengthSeconds] = useState(lengthMs / 1000);
  const seek = (toSeconds: number) => {
    if (media.current) media.current.currentTime = toSeconds;
    setAtSeconds(toSeconds);
  };
  const common = {
    ref: media,
    src: source,
    controls: true,
    preload: 'metadata',
    'aria-label': name,
    onTimeUpdate: () => setAtSeconds(media.current?.currentTime ?? 0),
    onDurationChange: () => {
      const seconds = media.current?.duration ?? 0;
      if (Number.isFinite(seconds) && seconds > 0) setLengthSeconds(seconds);
    },
  } as const;
  return (
    <div className="player-box">
      {hasPictures ? (
        <video className="player-video" poster={poster} playsInline {...common} />
      ) : (
        <audio className="player-audio" {...common} />
      )}
      <Waveform
        peaks={peaks}
        atSeconds={atSeconds}
        lengthSeconds={lengthSeconds}
        marksSeconds={chapters.map(({ atMs }) => atMs / 1000).filter((seconds) => seconds > 0)}
        onSeek={seek}
      />
      <section aria-label={t('detail.chapters')}>
        <Heading as="h4" size="2" mb="2">
          {t('detail.chapters')}
        </Heading>
        <ol className="chapters">
          {chapters.map(({ atMs, title }, index) => (
            <li key={atMs}>
              <button
                type="button"
                className="chapter"
                aria-current={isCurrent(chapters, index, atSeconds * 1000) ? 'true' : undefined}
                onClick={() => seek(atMs / 1000)}
              >
                <Text size="1" className="numbers chapter-time">
                  {formatLength(atMs)}
                </Text>
                <span>{title}</span>
              </button>
            </li>
          ))}
        </ol>
      </section>
    </div>
  );
}

function isCurrent(chapters: readonly PlayerChapter[], index: number, atMs: number): boolean {
  const begin = chapters[index]?.atMs ?? 0;
  const end = chapters[index + 1]?.atMs ?? Number.POSITIVE_INFINITY;
  return atMs >= begin - 1 && atMs < end - 1;
}
