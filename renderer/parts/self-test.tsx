import { Box, Button, Callout, Flex, Heading, Text } from '@radix-ui/themes';
import { useId } from 'react';
import { useTranslation } from 'react-i18next';
import { hasSteps } from '../checks-model.ts';
import { useAction, useRoute } from '../data/queries.ts';
import { formatTime } from '../format.ts';
import { CheckSteps } from './check-steps.tsx';
import { Problem } from './problem.tsx';
import { useSay } from './say.ts';

/** Steps come by events; this is for a line that lost one. */
const REFRESH_MS = 3000;

/** Runs the self-test and shows its steps as they go. */
export function SelfTest({ hasHeading = true }: { hasHeading?: boolean }) {
  const { t, i18n } = useTranslation();
  const say = useSay();
  const id = useId();
  const start = useAction('startSelfTest', ['getSelfTest', 'getAttention']);
  const { data } = useRoute('getSelfTest', {});
  const isRunning = data?.state === 'running';
  useRoute('getSelfTest', {}, { enabled: isRunning, ...(isRunning ? { refetchMs: REFRESH_MS } : {}) });
  return (
    <Flex direction="column" gap="3" asChild>
      <section {...(hasHeading ? { 'aria-labelledby': id } : { 'aria-label': t('checks.selfTest.title') })}>
        {hasHeading && (
          <div>
            <Heading as="h4" size="3" id={id}>
              {t('checks.selfTest.title')}
            </Heading>
            <Text as="p" size="2" color="gray" highContrast mt="1">
              {t('checks.selfTest.lead')}
            </Text>
          </div>
        )}
        <Flex align="center" gap="3" wrap="wrap">
          <Button
            variant="soft"
            highContrast
            loading={isRunning || start.isPending}
            disabled={isRunning}
            onClick={() => start.mutate({})}
          >
            {t(data && hasSteps(data) ? 'checks.selfTest.again' : 'checks.selfTest.button')}
          </Button>
          <Text size="2" color="gray" highContrast>
            {data?.state === 'never' && t('checks.selfTest.never')}
            {data?.endedAt && t('checks.selfTest.at', { when: formatTime(data.endedAt, i18n.language) })}
          </Text>
        </Flex>
        <Problem error={start.error} />
        <Box role="status" className="check-status">
          {data && hasSteps(data) && (
            <Callout.Root color={VERDICT_COLOURS[data.state]} highContrast size="1">
              <Callout.Text>{t(VERDICTS[data.state])}</Callout.Text>
            </Callout.Root>
          )}
        </Box>
        {data && hasSteps(data) && (
          <CheckSteps
            steps={data.steps.map(({ name, state, message }) => ({
              ...{ key: name, state, message: say(message) },
              title: t(`checks.selfTest.steps.${name}`, { defaultValue: name }),
            }))}
          />
        )}
      </section>
    </Flex>
  );
}

const VERDICTS = {
  never: 'checks.selfTest.never',
  running: 'checks.selfTest.runningNow',
  passed: 'checks.selfTest.passed',
  failed: 'checks.selfTest.failed',
} as const;
const VERDICT_COLOURS = { never: 'gray', running: 'blue', passed: 'green', failed: 'red' } as const;
