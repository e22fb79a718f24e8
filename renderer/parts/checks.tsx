import { Box, Button, Callout, Flex, Heading, Select, Text } from '@radix-ui/themes';
import { type FormEvent, type ReactNode, useId, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Static } from 'typebox';
import type { CosCheckSchema, EncodersCheckSchema } from '../../shared/api/check-routes.ts';
import { type CosFields, cosRequestOf, fieldProblems, isAboutFields, NO_COS_FIELDS } from '../checks-model.ts';
import { useAction, useRoute } from '../data/queries.ts';
import { CheckSteps, type ShownStep } from './check-steps.tsx';
import { LabelledField } from './labelled-field.tsx';
import { Problem } from './problem.tsx';
import { SelfTest } from './self-test.tsx';

export { SelfTest };

interface CheckFrameProps {
  title: string;
  lead: string;
  children: ReactNode;
}

/** A check with its name and what it does. */
function CheckFrame({ title, lead, children }: CheckFrameProps) {
  const id = useId();
  return (
    <Flex direction="column" gap="3" asChild>
      <section aria-labelledby={id}>
        <div>
          <Heading as="h4" size="3" id={id}>
            {title}
          </Heading>
          <Text as="p" size="2" color="gray" highContrast mt="1">
            {lead}
          </Text>
        </div>
        {children}
      </section>
    </Flex>
  );
}

const OTHER_PLACE = '';

/**
 * Tests access to COS with the keys of the box, or of a saved destination.
 * @param props.request what to test, when the page around knows it; without it the part asks for the place itself
 */
export function CheckCos({ request }: { request?: { destination?: string } & Partial<CosFields> }) {
  const { t } = useTranslation();
  const check = useAction('checkCos', ['getAttention']);
  const [fields, setFields] = useState(NO_COS_FIELDS);
  const saved = useRoute('listDestinations', {}).data?.destinations ?? [];
  const [chosen, setChosen] = useState<string | null>(null);
  const destination = chosen ?? saved[0]?.name ?? OTHER_PLACE;
  const problems = fieldProblems(check.error);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    check.mutate({ body: request ?? (destination === OTHER_PLACE ? cosRequestOf(fields) : { destination }) });
  };
  const field = (name: 'Region' | 'Bucket' | 'Path', key: 'region' | 'bucket' | 'path') => (
    <LabelledField
      label={t(`checks.cos.${key}`)}
      hint={t(`checks.cos.${key}Hint`)}
      problem={problems[name] ?? null}
      value={fields[name]}
      onValue={(value) => setFields((before) => ({ ...before, [name]: value }))}
    />
  );
  const isOwnPlace = !request && destination === OTHER_PLACE;
  return (
    <CheckFrame title={t('checks.cos.title')} lead={t('checks.cos.lead')}>
      <form onSubmit={submit}>
        <Flex direction="column" gap="3">
          {!request && saved.length > 0 && (
            <DestinationChoice names={saved.map(({ name }) => name)} value={destination} onValue={setChosen} />
          )}
          {isOwnPlace && (
            <div className="check-fields">
              {field('Region', 'region')}
              {field('Bucket', 'bucket')}
              {field('Path', 'path')}
            </div>
          )}
          <Box>
            <Button type="submit" variant="soft" highContrast loading={check.isPending}>
              {t('checks.cos.button')}
            </Button>
          </Box>
        </Flex>
      </form>
      <CosOutcome
        isPending={check.isPending}
        answer={check.data ?? null}
        error={isOwnPlace && isAboutFields(check.error, ['Region', 'Bucket', 'Path']) ? null : check.error}
      />
    </CheckFrame>
  );
}

function DestinationChoice(props: { names: readonly string[]; value: string; onValue(name: string): void }) {
  const { t } = useTranslation();
  const id = useId();
  return (
    <Flex direction="column" gap="1" maxWidth="420px">
      <Text as="label" htmlFor={id} size="2" weight="medium">
        {t('checks.cos.destination')}
      </Text>
      {/* The empty text is what Radix keeps for "nothing chosen". */}
      <Select.Root
        value={props.value === OTHER_PLACE ? ' ' : props.value}
        onValueChange={(name) => props.onValue(name === ' ' ? OTHER_PLACE : name)}
      >
        <Select.Trigger id={id} />
        <Select.Content>
          {props.names.map((name) => (
            <Select.Item key={name} value={name}>
              {name}
            </Select.Item>
          ))}
          <Select.Item value=" ">{t('checks.cos.otherPlace')}</Select.Item>
        </Select.Content>
      </Select.Root>
    </Flex>
  );
}

/** What a test of COS access brought, step by step. */
export function CosOutcome(props: {
  isPending: boolean;
  answer: Static<typeof CosCheckSchema> | null;
  error: unknown;
}) {
  const { t } = useTranslation();
  const { isPending, answer, error } = props;
  return (
    <div aria-live="polite">
      {isPending && <Running />}
      {!isPending && <Problem error={error} />}
      {!isPending && !error && answer && (
        <Flex direction="column" gap="3">
          <Verdict passed={answer.passed} text={t(answer.passed ? 'checks.cos.passed' : 'checks.cos.failed')} />
          <CheckSteps
            steps={answer.steps.map(({ name, ...step }) => ({
              ...step,
              key: name,
              title: t(`checks.cos.steps.${name}`),
            }))}
          />
        </Flex>
      )}
    </div>
  );
}

function Running() {
  const { t } = useTranslation();
  return (
    <Text as="p" size="2" color="gray" highContrast>
      {t('checks.running')}
    </Text>
  );
}

function Verdict({ passed, text }: { passed: boolean; text: string }) {
  return (
    <Callout.Root color={passed ? 'green' : 'red'} highContrast size="1">
      <Callout.Text>{text}</Callout.Text>
    </Callout.Root>
  );
}

/** Sends a test message to an address. @param props.url the address, when the page around knows it */
export function CheckCallback({ url: given }: { url?: string }) {
  const { t } = useTranslation();
  const check = useAction('checkCallback');
  const [typed, setTyped] = useState('');
  const [key, setKey] = useState('');
  const problems = fieldProblems(check.error);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const url = (given ?? typed).trim();
    check.mutate({ body: { url, ...(key === '' ? {} : { signingKey: key }) } });
  };
  const { data } = check;
  return (
    <CheckFrame title={t('checks.callback.title')} lead={t('checks.callback.lead')}>
      <form onSubmit={submit} autoComplete="off">
        <Flex direction="column" gap="3">
          <div className="check-fields">
            {given === undefined && (
              <LabelledField
                label={t('checks.callback.url')}
                hint={t('checks.callback.urlHint')}
                problem={problems.url ?? null}
                value={typed}
                onValue={setTyped}
              />
            )}
            <LabelledField
              label={t('checks.callback.key')}
              hint={t('checks.callback.keyHint')}
              value={key}
              onValue={setKey}
              isSecret
            />
          </div>
          <Box>
            <Button
              type="submit"
              variant="soft"
              highContrast
              loading={check.isPending}
              disabled={(given ?? typed).trim() === ''}
            >
              {t('checks.callback.button')}
            </Button>
          </Box>
        </Flex>
      </form>
      <div aria-live="polite">
        {check.isPending && <Running />}
        {!check.isPending && !isAboutFields(check.error, ['url']) && <Problem error={check.error} />}
        {!check.isPending && !check.error && data && (
          <Flex direction="column" gap="2">
            <Verdict passed={data.passed} text={data.remedy ? `${data.message} ${data.remedy}` : data.message} />
            <Text as="p" size="2" color="gray" highContrast className="numbers check-step-words">
              {[
                t('checks.callback.time', { ms: data.tookMs }),
                t(data.signed ? 'checks.callback.signed' : 'checks.callback.unsigned'),
                `${t('checks.callback.deliveryId')} ${data.deliveryId}`,
              ].join(' · ')}
            </Text>
            {data.answer && (
              <>
                <Text size="2">{t('checks.callback.answer')}</Text>
                <pre className="check-answer">{data.answer}</pre>
              </>
            )}
          </Flex>
        )}
      </div>
    </CheckFrame>
  );
}

/** Tries and measures the encoders of the machine. */
export function ProbeEncoders() {
  const { t } = useTranslation();
  const check = useAction('checkEncoders');
  return (
    <CheckFrame title={t('checks.encoders.title')} lead={t('checks.encoders.lead')}>
      <Box>
        <Button variant="soft" highContrast loading={check.isPending} onClick={() => check.mutate({})}>
          {t('checks.encoders.button')}
        </Button>
      </Box>
      <div aria-live="polite">
        {check.isPending && <Running />}
        {!check.isPending && <Problem error={check.error} />}
        {!check.isPending && check.data && <Encoders answer={check.data} />}
      </div>
    </CheckFrame>
  );
}

type EncodersAnswer = Static<typeof EncodersCheckSchema>;
type EncoderFacts = EncodersAnswer['encoders'][number];

function Encoders({ answer: { ffmpeg, encoders, remedy } }: { answer: EncodersAnswer }) {
  const { t } = useTranslation();
  const stepOf = ({ name, kind, hardware, works, used, speed, message }: EncoderFacts): ShownStep => {
    const facts = [
      t(`checks.encoders.${kind}`),
      ...(hardware ? [t('checks.encoders.hardware')] : []),
      ...(speed === null ? [] : [t('checks.encoders.times', { speed })]),
      used ? t('checks.encoders.used') : message,
    ];
    // What no recording needs does no harm when it fails.
    const state = works ? 'passed' : hardware ? 'noted' : 'failed';
    return { key: name, title: name, state, message: facts.join(' · ') };
  };
  if (ffmpeg === null) return <Verdict passed={false} text={`${t('checks.encoders.none')} ${remedy ?? ''}`} />;
  return (
    <Flex direction="column" gap="2">
      <Text as="p" size="2" color="gray" highContrast className="check-step-words">
        {t('checks.encoders.ffmpeg', ffmpeg)}
      </Text>
      <CheckSteps steps={encoders.map(stepOf)} />
    </Flex>
  );
}
