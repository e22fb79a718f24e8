import { Text } from '@radix-ui/themes';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import './checks.css';

export type StepState = 'passed' | 'noted' | 'failed' | 'skipped' | 'running' | 'waiting';

export interface ShownStep {
  /** Tells it from the others. */
  key: string;
  title: string;
  state: StepState;
  message: string;
  remedy?: string | null;
}

const SHAPES: Record<StepState, ReactNode> = {
  passed: <path d="M8 12.5l2.750 2.750L16.250 9.500" />,
  noted: <path d="M12 7.750v5M12 16v.1" />,
  failed: <path d="M9 9l6 6M15 9l-6 6" />,
  skipped: <path d="M8.500 12h7" />,
  waiting: null,
  running: <path className="check-turn" d="M12 7.500a4.500 4.500 0 0 1 4.500 4.500" />,
};

/** How each step of something went: a sign, its name, and what is to be said of it. */
export function CheckSteps({ steps }: { steps: readonly ShownStep[] }) {
  const { t } = useTranslation();
  return (
    <ol className="check-steps">
      {steps.map(({ key, title, state, message, remedy }) => (
        <li key={key} className="check-step" data-state={state}>
          <StepSign state={state} label={t(`checks.state.${state}`)} />
          <Text size="2" weight="medium">
            {title}
          </Text>
          <div className="check-step-words">
            <Text as="p" size="2" color="gray" highContrast={state !== 'waiting' && state !== 'skipped'}>
              {message}
            </Text>
            {remedy && (
              <Text as="p" size="2" weight="medium" mt="1">
                {remedy}
              </Text>
            )}
          </div>
        </li>
      ))}
    </ol>
  );
}

/** A state as a sign that also has a name. */
export function StepSign({ state, label }: { state: StepState; label: string }) {
  return (
    <svg
      className="icon check-sign"
      data-state={state}
      role="img"
      aria-label={label}
      width="20"
      height="20"
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.75"
      strokeLinecap="round"
      strokeLinejoin="round"
    >
      <circle cx="12" cy="12" r="8.500" />
      {SHAPES[state]}
    </svg>
  );
}
