import { Button, Dialog, Flex, Text, TextField } from '@radix-ui/themes';
import { useId, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';

interface SecretOnceProps {
  /** Whose secret it is. */
  name: string;
  /** Held by the page only while this is shown. */
  secret: string;
  onClose(): void;
}

/** Shows a secret that nobody can read again. It goes by its button alone, so that a slip does not lose it. */
export function SecretOnce({ name, secret, onClose }: SecretOnceProps) {
  const { t } = useTranslation();
  const [outcome, setOutcome] = useState<'copied' | 'refused' | null>(null);
  const input = useRef<HTMLInputElement>(null);
  const id = useId();
  const copy = async () => {
    // Pages that came by plain http from another machine have no clipboard.
    try {
      await navigator.clipboard.writeText(secret);
      setOutcome('copied');
    } catch {
      input.current?.focus();
      input.current?.select();
      setOutcome('refused');
    }
  };
  return (
    <Dialog.Root open>
      <Dialog.Content
        maxWidth="520px"
        onEscapeKeyDown={(event) => event.preventDefault()}
        onInteractOutside={(event) => event.preventDefault()}
      >
        <Dialog.Title>{t('settings.secret.title', { name })}</Dialog.Title>
        <Dialog.Description size="2">{t('settings.secret.once')}</Dialog.Description>
        <Flex direction="column" gap="2" mt="4">
          <Text as="label" htmlFor={id} size="2" weight="medium">
            {t('settings.secret.label')}
          </Text>
          <TextField.Root
            ref={input}
            id={id}
            readOnly
            value={secret}
            className="secret-once"
            onFocus={({ target }) => target.select()}
          />
          <Text as="p" size="2" role="status" className="secret-once-outcome">
            {outcome === 'copied' && t('settings.secret.copied')}
            {outcome === 'refused' && t('settings.secret.failed')}
          </Text>
        </Flex>
        <Flex gap="3" mt="3" justify="end" wrap="wrap">
          <Button variant="soft" highContrast onClick={() => void copy()}>
            {t('settings.secret.copy')}
          </Button>
          <Button onClick={onClose}>{t('settings.secret.done')}</Button>
        </Flex>
      </Dialog.Content>
    </Dialog.Root>
  );
}
