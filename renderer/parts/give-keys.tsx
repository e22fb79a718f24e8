import { Button, Dialog, Flex } from '@radix-ui/themes';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { fieldProblems, isAboutFields } from '../checks-model.ts';
import { useAction } from '../data/queries.ts';
import { LabelledField } from './labelled-field.tsx';
import { Problem } from './problem.tsx';

interface GiveKeysProps {
  /** Of the button that opens the form. */
  label: string;
  /** Who gets the keys; null: the box itself. */
  recordings: readonly { id: string }[] | null;
  onDone(): void;
}

const NO_KEYS = { SecretId: '', SecretKey: '', Token: '' };
const NAMES = Object.keys(NO_KEYS) as (keyof typeof NO_KEYS)[];
const CHANGED = ['getAttention', 'listRecordings', 'getCosCredentials', 'healthz'] as const;

/** Asks for COS keys in the place where they are missed. They leave the page with the request and are kept nowhere here. */
export function GiveKeys({ label, recordings, onDone }: GiveKeysProps) {
  const { t } = useTranslation();
  const [isOpen, setOpen] = useState(false);
  const [keys, setKeys] = useState(NO_KEYS);
  const forBox = useAction('storeCosCredentials', CHANGED);
  const forRecording = useAction('setRecordingCredentials', CHANGED);
  const error = forBox.error ?? forRecording.error;
  const problems = fieldProblems(error);
  const open = (next: boolean) => {
    setOpen(next);
    setKeys(NO_KEYS);
    forBox.reset();
    forRecording.reset();
  };
  const give = async () => {
    const body = { SecretId: keys.SecretId.trim(), SecretKey: keys.SecretKey.trim(), Token: keys.Token.trim() || null };
    if (recordings === null) await forBox.mutateAsync({ body });
    else for (const { id } of recordings) await forRecording.mutateAsync({ params: { id }, body });
    open(false);
    onDone();
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    // What was refused is shown by the mutation's own error.
    void give().catch(() => {});
  };
  const field = (name: keyof typeof NO_KEYS, word: 'secretId' | 'secretKey' | 'token') => (
    <LabelledField
      label={t(`attention.keys.${word}`)}
      hint={name === 'Token' ? t('attention.keys.tokenHint') : undefined}
      problem={problems[name] ?? null}
      isSecret={name !== 'SecretId'}
      isRequired={name !== 'Token'}
      value={keys[name]}
      onValue={(value) => setKeys((before) => ({ ...before, [name]: value }))}
    />
  );
  return (
    <Dialog.Root open={isOpen} onOpenChange={open}>
      <Dialog.Trigger>
        <Button>{label}</Button>
      </Dialog.Trigger>
      <Dialog.Content maxWidth="460px">
        <Dialog.Title>{t(recordings ? 'attention.keys.recordingTitle' : 'attention.keys.boxTitle')}</Dialog.Title>
        <Dialog.Description size="2">
          {t(recordings ? 'attention.keys.recordingText' : 'attention.keys.boxText')}
        </Dialog.Description>
        <form onSubmit={submit} autoComplete="off">
          <Flex direction="column" gap="3" mt="4">
            {field('SecretId', 'secretId')}
            {field('SecretKey', 'secretKey')}
            {field('Token', 'token')}
            {!isAboutFields(error, NAMES) && <Problem error={error} />}
          </Flex>
          <Flex gap="3" mt="4" justify="end" wrap="wrap">
            <Dialog.Close>
              <Button type="button" variant="soft" color="gray" highContrast>
                {t('common.cancel')}
              </Button>
            </Dialog.Close>
            <Button
              type="submit"
              loading={forBox.isPending || forRecording.isPending}
              disabled={keys.SecretId.trim() === '' || keys.SecretKey.trim() === ''}
            >
              {t('attention.keys.save')}
            </Button>
          </Flex>
        </form>
      </Dialog.Content>
    </Dialog.Root>
  );
}
