import { Button, Callout, Flex } from '@radix-ui/themes';
import { useTranslation } from 'react-i18next';
import { sentencesOf } from './problem.tsx';

/** What was refused, why and what to do, in the words of the box; what did not arrive can be asked for again. */
export function Refused({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const { t } = useTranslation();
  if (!error) return null;
  const text = sentencesOf(error) ?? t('app.offline');
  return (
    <Callout.Root color="red" highContrast role="alert" size="1">
      <Flex justify="between" align="center" gap="3" wrap="wrap">
        <Callout.Text>{`${t('detail.refused')}: ${text}`}</Callout.Text>
        {onRetry && (
          <Button variant="soft" color="red" highContrast size="1" onClick={onRetry}>
            {t('common.retry')}
          </Button>
        )}
      </Flex>
    </Callout.Root>
  );
}
