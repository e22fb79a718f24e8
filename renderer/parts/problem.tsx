import { Button, Callout, Flex } from '@radix-ui/themes';
import { useTranslation } from 'react-i18next';
import { ApiError } from '../../shared/api/client.ts';

/**
 * What the box refused and what to do about it, in the place where the answer would be; nothing without an error. What only did not arrive
 * can be asked for again by `onRetry`.
 */
export function Problem({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const { t } = useTranslation();
  if (!error) return null;
  return (
    <Callout.Root color="red" highContrast role="alert" size="1">
      <Flex justify="between" align="center" gap="3" wrap="wrap">
        <Callout.Text>{sentencesOf(error) ?? `${t('common.error')}. ${t('app.offline')}`}</Callout.Text>
        {onRetry && (
          <Button variant="soft" color="red" highContrast size="1" onClick={onRetry}>
            {t('common.retry')}
          </Button>
        )}
      </Flex>
    </Callout.Root>
  );
}

/** Refusal and remedy as sentences; null when it was not the box that refused. */
export function sentencesOf(error: unknown): string | null {
  if (!(error instanceof ApiError)) return null;
  const { detail, remedy, errors = [] } = error.problem;
  const told = errors.length > 0 ? errors.map((one) => `${one.message} ${one.remedy}`) : [`${detail} ${remedy}`];
  return told.join(' ');
}
