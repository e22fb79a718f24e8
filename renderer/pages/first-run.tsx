import { Box, Button, Card, Flex, Heading, Skeleton, Text } from '@radix-ui/themes';
import { type ReactNode, useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useLocation } from 'wouter';
import { useAction, useRoute } from '../data/queries.ts';
import { useMay } from '../data/session.ts';
import { type FirstRunFacts, type FirstRunStep, STEPS, stepAfter, stepBefore } from '../first-run-model.ts';
import { Problem } from '../parts/problem.tsx';
import { CosStep } from './first-run-cos.tsx';
import { DoneStep, SelfTestStep, StorageStep, TokenStep } from './first-run-steps.tsx';
import './first-run.css';

/** The guide for a new box. The box remembers the step, so that it can be left and gone on with, also elsewhere. */
export function FirstRunPage() {
  const { t } = useTranslation();
  const [, navigate] = useLocation();
  const { data: facts, error } = useRoute('getFirstRun', {});
  const change = useAction('changeFirstRun', ['getFirstRun']);
  const [chosen, setChosen] = useState<FirstRunStep | null>(null);
  const step = chosen ?? facts?.step;
  const isAdmin = useMay('admin');
  const go = (next: FirstRunStep) => {
    setChosen(next);
    if (isAdmin) change.mutate({ body: { step: next } });
  };
  const dismiss = () => change.mutate({ body: { dismissed: true } }, { onSuccess: () => navigate('/') });
  return (
    <div className="guide">
      <div>
        <Heading as="h2" size="6">
          {t('firstRun.title')}
        </Heading>
        <Text as="p" size="2" color="gray" highContrast mt="1">
          {t('firstRun.lead')}
        </Text>
      </div>
      <Progress step={step ?? 'storage'} />
      {!isAdmin && (
        <Text as="p" size="2">
          {t('firstRun.needsAdmin')}
        </Text>
      )}
      <Problem error={change.error ?? (facts ? null : error)} />
      {(!facts || !step) && !error && <Skeleton height="260px" aria-busy="true" />}
      {facts && step && (
        <Step key={step} facts={facts} step={step} isAdmin={isAdmin} isReached={chosen !== null} onGo={go} />
      )}
      {step !== 'done' && (
        <Flex gap="4" wrap="wrap">
          <Button variant="ghost" highContrast onClick={() => navigate('/')}>
            {t('firstRun.later')}
          </Button>
          {isAdmin && (
            <Button variant="ghost" color="gray" highContrast onClick={dismiss}>
              {t('firstRun.dismiss')}
            </Button>
          )}
        </Flex>
      )}
    </div>
  );
}

function Progress({ step }: { step: FirstRunStep }) {
  const { t } = useTranslation();
  const at = STEPS.indexOf(step);
  return (
    <ol className="guide-steps" aria-label={t('firstRun.progress')}>
      {STEPS.map((name, index) => (
        <li
          key={name}
          className="guide-step"
          data-done={index < at || undefined}
          aria-current={index === at ? 'step' : undefined}
        >
          <span className="guide-step-word">
            {t(`firstRun.steps.${name}`)}
            {index < at && <span className="only-heard">{` (${t('firstRun.isDone')})`}</span>}
          </span>
        </li>
      ))}
    </ol>
  );
}

interface StepProps {
  facts: FirstRunFacts;
  step: FirstRunStep;
  isAdmin: boolean;
  /** Whether somebody came here from another step. */
  isReached: boolean;
  onGo(next: FirstRunStep): void;
}

function Step({ facts, step, isAdmin, isReached, onGo }: StepProps) {
  const { t } = useTranslation();
  const heading = useRef<HTMLHeadingElement>(null);
  // Whoever went on by a button is where the next step begins.
  useEffect(() => {
    if (isReached) heading.current?.focus();
  }, [isReached]);
  const goOn = () => onGo(stepAfter(step));
  const before = stepBefore(step);
  const back = before && (
    <Button variant="soft" color="gray" highContrast onClick={() => onGo(before)}>
      {t('firstRun.back')}
    </Button>
  );
  const next = <Button onClick={goOn}>{t('firstRun.next')}</Button>;
  const contents: Record<FirstRunStep, () => ReactNode> = {
    storage: () => <StorageStep facts={facts} isAdmin={isAdmin} />,
    cos: () => <CosStep facts={facts} isAdmin={isAdmin} onSaved={goOn} />,
    token: () => <TokenStep facts={facts} isAdmin={isAdmin} />,
    selfTest: () => <SelfTestStep />,
    done: () => <DoneStep facts={facts} />,
  };
  return (
    <Card size="3" asChild>
      <section aria-labelledby="guide-step">
        <Text as="p" size="1" color="gray" highContrast mb="1">
          {t('firstRun.stepOf', { step: STEPS.indexOf(step) + 1, total: STEPS.length })}
        </Text>
        <Heading as="h3" size="4" id="guide-step" ref={heading} tabIndex={-1} className="guide-heading">
          {t(`firstRun.${step}.title`)}
        </Heading>
        <Box mt="3">{contents[step]()}</Box>
        <Flex gap="3" mt="5" justify="between" wrap="wrap">
          <div>{back}</div>
          {step !== 'done' && (step === 'cos' ? <SkipButton onSkip={goOn} /> : next)}
        </Flex>
      </section>
    </Card>
  );
}

function SkipButton({ onSkip }: { onSkip(): void }) {
  const { t } = useTranslation();
  return (
    <Button variant="soft" color="gray" highContrast onClick={onSkip}>
      {t('firstRun.skip')}
    </Button>
  );
}
