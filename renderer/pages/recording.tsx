import './recording.css';
import { Callout, Card, Flex, Heading, Skeleton, Text } from '@radix-ui/themes';
import { useQueryClient } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'wouter';
import { ApiError } from '../../shared/api/client.ts';
import type { RecordingAnswer } from '../../shared/api/views.ts';
import { failureText } from '../../shared/texts/failures.ts';
import { useRoute } from '../data/queries.ts';
import { GiveKeys } from '../parts/give-keys.tsx';
import { Problem } from '../parts/problem.tsx';
import { useSay } from '../parts/say.ts';
import { StatusLine } from '../parts/status-line.tsx';
import { obstacleOf } from '../parts/status-words.ts';
import { roomOf, StateBadge } from '../parts/words.tsx';
import { Actions } from './recording/actions.tsx';
import { sentenceOf } from './recording/delivery.ts';
import { Documents } from './recording/documents.tsx';
import { Facts } from './recording/facts.tsx';
import { Files } from './recording/files.tsx';
import { People } from './recording/people.tsx';
import { Watch } from './recording/watch.tsx';

/** One recording in full: what a person asks who opens it, and what an auditor asks. */
export function RecordingPage({ id }: { id: string }) {
  const { t } = useTranslation();
  const { data: recording, error, refetch } = useRoute('getRecording', { params: { id } });
  if (error instanceof ApiError && error.problem.code === 'NOT_FOUND') return <Missing />;
  if (recording?.id !== id) {
    return (
      <>
        <Back />
        {error ? <Problem error={error} onRetry={() => void refetch()} /> : <Loading />}
      </>
    );
  }
  return (
    <>
      <Back />
      <Flex justify="between" align="start" gap="4" wrap="wrap">
        <div className="detail-title">
          <Flex align="center" gap="3" wrap="wrap">
            <Heading as="h2" size="6" className="copy-text">
              {t('detail.room', { room: roomOf(recording) })}
            </Heading>
            <StateBadge recording={recording} />
          </Flex>
          {recording.state !== 'failed' && (
            <Text as="p" size="2" mt="1" color="gray" highContrast>
              <StatusLine recording={recording} />
            </Text>
          )}
        </div>
        <Actions recording={recording} />
      </Flex>
      <Trouble recording={recording} />
      <div className="detail">
        <div className="detail-main">
          <Watch key={id} recording={recording} />
          <People recording={recording} />
          <Files recording={recording} />
          <Documents key={id} recording={recording} />
        </div>
        <aside className="detail-side">
          <Facts recording={recording} />
        </aside>
      </div>
    </>
  );
}

function Back() {
  const { t } = useTranslation();
  return (
    <Link href="/recordings" className="detail-back">
      {`← ${t('detail.back')}`}
    </Link>
  );
}

function Missing() {
  const { t } = useTranslation();
  return (
    <>
      <Back />
      <Card size="3">
        <Heading as="h2" size="4" mb="1">
          {t('detail.notFoundTitle')}
        </Heading>
        <Text as="p" color="gray" highContrast>
          {t('detail.notFoundText')}
        </Text>
      </Card>
    </>
  );
}

function Loading() {
  return (
    <div aria-busy="true">
      <Skeleton height="32px" width="240px" mb="4" />
      <div className="detail">
        <Skeleton className="detail-skeleton" />
        <Skeleton className="detail-skeleton" />
      </div>
    </div>
  );
}

/** What went wrong, or stands still, in words and with what to do. */
function Trouble({ recording }: { recording: RecordingAnswer }) {
  const { t } = useTranslation();
  const say = useSay();
  const { failure, blocked, waiting, callbacks, warnings } = recording;
  const parked = callbacks.find(({ state }) => state === 'parked');
  return (
    <>
      {failure && (
        <Note
          colour="red"
          title={t('detail.failedTitle')}
          text={`${sentenceOf(say(failureText(failure)), failure.code)} ${t('detail.failedText')}`}
          code={failure.code}
        />
      )}
      {blocked && <Blocked recording={recording} blocked={blocked} />}
      {!blocked && waiting && (
        <Note
          colour="blue"
          title={t('detail.waitingTitle')}
          text={`${sentenceOf(waiting.message, waiting.code)} ${waiting.remedy}`}
          code={waiting.code}
        />
      )}
      {parked && (
        <Note
          colour="amber"
          title={t('detail.parkedTitle')}
          text={t('detail.parkedText', { error: parked.lastError ?? parked.lastStatus ?? '' })}
        />
      )}
      {warnings.map(({ code, message }) => (
        <Note key={code} colour="amber" title={message} text="" />
      ))}
    </>
  );
}

/** What somebody has to correct; keys can be given in this place. */
function Blocked({
  recording,
  blocked,
}: {
  recording: RecordingAnswer;
  blocked: NonNullable<RecordingAnswer['blocked']>;
}) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const isAboutKeys = obstacleOf(blocked.code, recording.state) === 'keys';
  const remedy = isAboutKeys ? t('detail.remedyKeys') : blocked.remedy;
  return (
    <Note
      colour="amber"
      title={t('detail.blockedTitle')}
      text={`${sentenceOf(blocked.message, blocked.code)} ${remedy}`}
      code={blocked.code}
    >
      {isAboutKeys && (
        <GiveKeys
          label={t('detail.giveKeys')}
          recordings={[recording]}
          onDone={() => void queries.invalidateQueries({ queryKey: ['getRecording'] })}
        />
      )}
    </Note>
  );
}

interface NoteProps {
  colour: 'red' | 'amber' | 'blue';
  title: string;
  text: string;
  /** For whoever is told of it on the phone. */
  code?: string;
  children?: ReactNode;
}

function Note({ colour, title, text, code, children }: NoteProps) {
  return (
    <Callout.Root color={colour} highContrast>
      <Text weight="bold" size="2">
        {title}
      </Text>
      {text && (
        <Callout.Text className="copy-text">
          {text}
          {code && ` (${code})`}
        </Callout.Text>
      )}
      {children && <Flex mt="1">{children}</Flex>}
    </Callout.Root>
  );
}
