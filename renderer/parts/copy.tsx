import { Button, Text } from '@radix-ui/themes';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { copyText } from '../data/clipboard.ts';

const SHOWN_MS = 2000;

interface CopyButtonProps {
  text: string;
  /** What is copied, for its name. */
  what: string;
  /** Words of the button; "Copy" unless told. */
  children?: string;
  size?: '1' | '2';
}

/** Copies a text and says so. */
export function CopyButton({ text, what, children, size = '1' }: CopyButtonProps) {
  const { t } = useTranslation();
  const [copiedAt, setCopiedAt] = useState(0);
  useEffect(() => {
    if (copiedAt === 0) return;
    const timer = setTimeout(() => setCopiedAt(0), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [copiedAt]);
  const label = children ?? t('common.copy');
  return (
    <Button
      variant="soft"
      color="gray"
      highContrast
      size={size}
      aria-label={children ? undefined : t('detail.copy', { what })}
      onClick={() =>
        void copyText(text).then((isCopied) => {
          if (isCopied) setCopiedAt(Date.now());
        })
      }
    >
      {/* Both words lie in the same place, so that the button keeps its size. */}
      <span className="copy-words" aria-live="polite">
        <span aria-hidden={copiedAt !== 0} data-shown={copiedAt === 0}>
          {label}
        </span>
        <span aria-hidden={copiedAt === 0} data-shown={copiedAt !== 0}>
          {t('common.copied')}
        </span>
      </span>
    </Button>
  );
}

/** A long value with its button; breaks where it has to. */
export function CopyField({ text, what }: { text: string; what: string }) {
  return (
    <span className="copy-field">
      <Text size="2" className="copy-text">
        {text}
      </Text>
      <CopyButton text={text} what={what} />
    </span>
  );
}
