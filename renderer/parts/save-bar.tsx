import { Button, Flex, Text } from '@radix-ui/themes';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';

interface SaveBarProps {
  /** How many values differ from what is saved. */
  unsaved: number;
  isSaving: boolean;
  /** What did not go well, beside the number of changes. */
  trouble: ReactNode;
  /** What is to be known once all is saved; null: nothing. */
  notice: string | null;
  onDiscard(): void;
  /** Puts the notice away. */
  onClose(): void;
}

/** Stays in sight at the lower edge while a form has changes or something to say. Its button sends the form around it. */
export function SaveBar({ unsaved, isSaving, trouble, notice, onDiscard, onClose }: SaveBarProps) {
  const { t } = useTranslation();
  const isDirty = unsaved > 0;
  return (
    <div className="save-bar" data-shown={isDirty || notice !== null || undefined}>
      <div className="save-bar-text" role="status">
        {isDirty && <Text size="2">{t('settings.unsaved', { count: unsaved })}</Text>}
        {isDirty && trouble}
        {!isDirty && notice !== null && <Text size="2">{notice}</Text>}
      </div>
      <Flex gap="3">
        {isDirty ? (
          <>
            <Button type="button" variant="soft" color="gray" highContrast disabled={isSaving} onClick={onDiscard}>
              {t('settings.discard')}
            </Button>
            <Button type="submit" loading={isSaving}>
              {t('settings.save')}
            </Button>
          </>
        ) : (
          <Button type="button" variant="soft" color="gray" highContrast onClick={onClose}>
            {t('common.close')}
          </Button>
        )}
      </Flex>
    </div>
  );
}
