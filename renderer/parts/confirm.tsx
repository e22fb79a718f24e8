import { AlertDialog, Button, Flex } from '@radix-ui/themes';
import type { ReactElement } from 'react';
import { useTranslation } from 'react-i18next';

interface ConfirmProps {
  /** The button that asks. */
  trigger: ReactElement;
  title: string;
  /** What happens, in a sentence. */
  text: string;
  confirm: string;
  onConfirm(): void;
}

/** Asks before something that cannot be taken back. */
export function Confirm({ trigger, title, text, confirm, onConfirm }: ConfirmProps) {
  const { t } = useTranslation();
  return (
    <AlertDialog.Root>
      <AlertDialog.Trigger>{trigger}</AlertDialog.Trigger>
      <AlertDialog.Content maxWidth="440px">
        <AlertDialog.Title>{title}</AlertDialog.Title>
        <AlertDialog.Description size="2">{text}</AlertDialog.Description>
        <Flex gap="3" mt="4" justify="end">
          <AlertDialog.Cancel>
            <Button variant="soft" color="gray" highContrast>
              {t('common.cancel')}
            </Button>
          </AlertDialog.Cancel>
          <AlertDialog.Action>
            <Button color="red" onClick={onConfirm}>
              {confirm}
            </Button>
          </AlertDialog.Action>
        </Flex>
      </AlertDialog.Content>
    </AlertDialog.Root>
  );
}
