import { Button, Flex, Text } from '@radix-ui/themes';
import { useTranslation } from 'react-i18next';

interface PagerProps {
  /** Number of the first row shown, from 1, and of the last. */
  from: number;
  to: number;
  total: number;
  /** Left out where there is nothing in that direction. */
  onFirst: (() => void) | null;
  onPrevious: (() => void) | null;
  onNext: (() => void) | null;
}

/** Leafs through a list, and says where one is in it; keeps its place when there is only one page. */
export function Pager({ from, to, total, onFirst, onPrevious, onNext }: PagerProps) {
  const { t } = useTranslation();
  if (!onFirst && !onPrevious && !onNext) return null;
  return (
    <nav aria-label={t('library.pages')}>
      <Flex gap="3" justify="between" align="center" wrap="wrap">
        <Text size="2" className="numbers">
          {t('library.range', { from, to, total })}
        </Text>
        <Flex gap="2">
          <PagerButton text={t('library.first')} onPress={onFirst} />
          <PagerButton text={t('library.previous')} onPress={onPrevious} />
          <PagerButton text={t('library.next')} onPress={onNext} />
        </Flex>
      </Flex>
    </nav>
  );
}

function PagerButton({ text, onPress }: { text: string; onPress: (() => void) | null }) {
  return (
    <Button variant="soft" color="gray" highContrast disabled={!onPress} onClick={() => onPress?.()}>
      {text}
    </Button>
  );
}
