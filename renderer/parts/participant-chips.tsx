import './participant-chips.css';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { LiveParticipant } from '../../shared/api/messages.ts';
import { type ParticipantWord, participantWords } from '../pages/now-words.ts';
import { levelShare } from './level.tsx';

const MICROPHONE = 'M12 4a2.75 2.75 0 0 0-2.75 2.75v4.5a2.75 2.750 0 0 0 5.500 0v-4.500A2.75 2.75 0 0 0 12 4z';
const STAND = 'M6.25 11.5a5.75 5.75 0 0 0 11.500 0M12 17.25v3';
const CAMERA =
  'M4 8.25A1.75 1.75 0 0 1 5.75 6.5h7.5A1.75 1.75 0 0 1 15 8.250v7.500a1.75 1.75 0 0 1-1.75 1.750h-7.500A1.75 1.75 0 0 1 4 15.750zM15 11l5-3v8l-5-3';
const STROKE_OUT = 'M4 4l16 16';
const SHAPES: Record<ParticipantWord, ReactNode> = {
  talking: (
    <>
      <path d={MICROPHONE} fill="currentColor" />
      <path d={STAND} />
    </>
  ),
  quiet: <path d={`${MICROPHONE}${STAND}`} />,
  muted: <path d={`${MICROPHONE}${STAND}${STROKE_OUT}`} />,
  cameraOff: <path d={`${CAMERA}${STROKE_OUT}`} />,
  cameraHeld: <path d={`${CAMERA}${STROKE_OUT}`} />,
  stalled: <path d="M8.5 6v12M15.5 6v12" />,
  screen: <path d="M4 5.500h16v10.500H4zM9 19.500h6M12 16v3.500" />,
  leftHeld: <path d="M13 4.500H6.500v15H13M10.500 12h9M16.500 8.500 20 12l-3.500 3.500" />,
  left: <path d="M13 4.500H6.500v15H13M10.500 12h9M16.500 8.500 20 12l-3.500 3.500" />,
  waiting: <path d="M12 4.500a7.500 7.500 0 1 0 0 15 7.500 7.500 0 0 0 0-15zM12 8v4.250l2.750 1.750" />,
};

interface ParticipantChipsProps {
  participants: readonly LiveParticipant[];
  media: { video: boolean; audio: boolean };
}

/** Who is recorded, and in what state: a line each, by a word and a sign. */
export function ParticipantChips({ participants, media }: ParticipantChipsProps) {
  const { t } = useTranslation();
  return (
    <ul className="people" aria-label={t('now.participants')}>
      {participants.map((participant) => {
        const words = participantWords(participant, media);
        return (
          <li key={participant.userId} className="person" data-state={words[0]}>
            <Sign word={words[0] ?? 'quiet'} />
            <span className="person-name" title={participant.userId}>
              {participant.userId}
            </span>
            <span className="person-words">{words.map((word) => t(`now.who.${word}`)).join(' · ')}</span>
            {media.audio && <SmallLevel levelDb={participant.levelDb} />}
          </li>
        );
      })}
    </ul>
  );
}

function Sign({ word }: { word: ParticipantWord }) {
  return (
    <svg
      aria-hidden="true"
      width="18"
      height="18"
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.75"
      strokeLinecap="round"
      strokeLinejoin="round"
    >
      {SHAPES[word]}
    </svg>
  );
}

/** Beside the words, which tell the same. */
function SmallLevel({ levelDb }: { levelDb: number | null }) {
  return (
    <span className="person-level" aria-hidden="true">
      <span style={{ transform: `scaleX(${levelShare(levelDb).toFixed(2)})` }} />
    </span>
  );
}
