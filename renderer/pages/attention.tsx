import { Badge, Box, Button, Card, Flex, Heading, Skeleton, Text } from '@radix-ui/themes';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'wouter';
import { type AttentionAction, type AttentionItem, attentionItems } from '../../shared/attention.ts';
import { useAttentionFacts } from '../data/attention.ts';
import { useAction } from '../data/queries.ts';
import { StepSign } from '../parts/check-steps.tsx';
import { GiveKeys } from '../parts/give-keys.tsx';
import { Problem } from '../parts/problem.tsx';
import { useSay } from '../parts/say.ts';
import './attention.css';

const COLOURS = { stop: 'red', risk: 'amber', note: 'gray' } as const;
/** As many rooms are named at once. */
const NAMED = 6;

/** Everything that needs a person, each with the one thing to do. */
export function AttentionPage() {
  const { t } = useTranslation();
  const { facts, error } = useAttentionFacts();
  const retryAll = useAction('retryAll', ['getAttention', 'listRecordings']);
  // Of what is done here, which takes its item away with it.
  const [said, setSaid] = useState('');
  const items = facts ? attentionItems(facts) : null;
  const isCalm = items?.every(({ severity }) => severity === 'note') ?? false;
  const waits = items?.some(({ count, severity }) => count > 0 && severity === 'stop') ?? false;
  const tryAll = () => {
    retryAll.mutate({}, { onSuccess: ({ retried }) => setSaid(t('attention.retried', { count: retried })) });
  };
  return (
    <>
      <Flex justify="between" align="center" gap="3" wrap="wrap" minHeight="36px">
        <Heading as="h2" size="6">
          {t('attention.title')}
        </Heading>
        {waits && (
          <Button loading={retryAll.isPending} onClick={tryAll}>
            {t('attention.retryAll')}
          </Button>
        )}
      </Flex>
      <Text as="p" size="2" role="status" className="attention-said">
        {said}
      </Text>
      <Problem error={retryAll.error ?? (items === null ? error : null)} />
      {items === null && !error && <Skeleton height="120px" aria-busy="true" />}
      {isCalm && <Calm />}
      {items && items.length > 0 && (
        <ul className="attention-list">
          {items.map((one) => (
            <li key={one.key}>
              <Item item={one} onDone={setSaid} />
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

function Calm() {
  const { t } = useTranslation();
  return (
    <Card size="3">
      <div className="attention-calm">
        <StepSign state="passed" label={t('checks.state.passed')} />
        <Text size="4" weight="medium">
          {t('attention.nothing')}
        </Text>
        <Text size="2" color="gray" highContrast>
          {t('attention.nothingMore')}
        </Text>
      </div>
    </Card>
  );
}

function Item({ item, onDone }: { item: AttentionItem; onDone(said: string): void }) {
  const { t } = useTranslation();
  const say = useSay();
  const { severity, title, text, remedy, detail, action } = item;
  return (
    <Card size="2" className="attention-item" data-severity={severity} asChild>
      <article>
        <span className="attention-mark" aria-hidden="true" />
        <div className="attention-body">
          <Flex direction="column" gap="2" className="attention-words">
            <Flex gap="2" align="center" wrap="wrap">
              <Heading as="h3" size="3">
                {say(title)}
              </Heading>
              <Badge color={COLOURS[severity]} highContrast>
                {t(`attention.severity.${severity}`)}
              </Badge>
            </Flex>
            <Text as="p" size="2">
              {say(text)}
            </Text>
            {remedy && (
              <Text as="p" size="2" weight="medium">
                {say(remedy)}
              </Text>
            )}
            <Rooms item={item} />
            {detail && (
              <details>
                <summary>{t('attention.detail')}</summary>
                <pre className="check-answer">{detail}</pre>
              </details>
            )}
          </Flex>
          {action && <Remedy action={action} item={item} onDone={onDone} />}
        </div>
      </article>
    </Card>
  );
}

function Rooms({ item: { recordings, count } }: { item: AttentionItem }) {
  const { t } = useTranslation();
  if (recordings.length === 0) return null;
  const shown = recordings.slice(0, NAMED);
  return (
    <Box>
      <ul className="attention-rooms" aria-label={t('attention.recordings')}>
        {shown.map(({ id, room }) => (
          <li key={id}>
            <Link href={`/recordings/${id}`}>{t('attention.room', { room })}</Link>
          </li>
        ))}
        {count > shown.length && (
          <li>
            <Link href="/recordings?attention=true">{t('attention.more', { count: count - shown.length })}</Link>
          </li>
        )}
      </ul>
    </Box>
  );
}

const PLACES: Partial<Record<AttentionAction, string>> = {
  openStorage: '/settings/storage',
  openAccess: '/settings/access',
  runSelfTest: '/settings/diagnostics',
  openDiagnostics: '/settings/diagnostics',
};

/** The one click. */
function Remedy({
  action,
  item,
  onDone,
}: {
  action: AttentionAction;
  item: AttentionItem;
  onDone(said: string): void;
}) {
  const { t } = useTranslation();
  const retry = useAction('retryAll', ['getAttention', 'listRecordings']);
  const resend = useAction('resendCallback', ['getAttention', 'listRecordings']);
  const label = t(`attention.actions.${action}`);
  const place = PLACES[action];
  if (place) {
    return (
      <Button asChild variant="soft" highContrast>
        <Link className="button-link" href={place}>
          {label}
        </Link>
      </Button>
    );
  }
  if (action === 'storeBoxKeys' || action === 'giveRecordingKeys') {
    const recordings = action === 'giveRecordingKeys' ? item.recordings : null;
    return <GiveKeys label={label} recordings={recordings} onDone={() => onDone(t('attention.keys.saved'))} />;
  }
  const act = async () => {
    if (action === 'retryAll') {
      const { retried } = await retry.mutateAsync({});
      onDone(t('attention.retried', { count: retried }));
      return;
    }
    for (const { id } of item.recordings) await resend.mutateAsync({ params: { id } });
  };
  return (
    <Flex direction="column" gap="2">
      <Button
        variant="soft"
        highContrast
        loading={retry.isPending || resend.isPending}
        // What was refused is shown below by the mutation's own error.
        onClick={() => void act().catch(() => {})}
      >
        {label}
      </Button>
      <Problem error={retry.error ?? resend.error} />
    </Flex>
  );
}
