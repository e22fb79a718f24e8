import { Button, Flex } from '@radix-ui/themes';
import { useTranslation } from 'react-i18next';

interface PagerProps {
  hasNewer: boolean;
  hasOlder: boolean;
  onNewer(): void;
  onOlder(): void;
}

/** Leafs through a list that is newest first; nothing is shown when there is only one page. */
export function Pager({ hasNewer, hasOlder, onNewer, onOlder }: PagerProps) {
  const { t } = useTranslation();
  if (!hasNewer && !hasOlder) return null;
  return (
    <Flex gap="3" justify="end">
      <Button variant="soft" highContrast disabled={!hasNewer} onClick={onNewer}>
        {t('common.newer')}
      </Button>
      <Button variant="soft" highContrast disabled={!hasOlder} onClick={onOlder}>
        {t('common.older')}
      </Button>
    </Flex>
  );
}
