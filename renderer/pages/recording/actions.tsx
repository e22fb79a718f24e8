import { AlertDialog, Button, Checkbox, Flex, Text } from '@radix-ui/themes';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useLocation } from 'wouter';
import { ApiError } from '../../../shared/api/client.ts';
import type { RecordingAnswer } from '../../../shared/api/views.ts';
import { useAction } from '../../data/queries.ts';
import { formatSize } from '../../format.ts';
import { Confirm } from '../../parts/confirm.tsx';
import { Problem } from '../../parts/problem.tsx';
import { isDelivered, localFiles, possibleWith } from './delivery.ts';

/** What can be done with the recording now. */
export function Actions({ recording }: { recording: RecordingAnswer }) {
  const { t } = useTranslation();
  const { id } = recording;
  const possible = possibleWith(recording);
  const stop = useAction('stopRecording', ['getRecording', 'listRecordings', 'healthz']);
  const retry = useAction('retryRecording', ['getRecording', 'getRecordingEvents']);
  const resend = useAction('resendCallback', ['getRecording', 'getCallbacks', 'getRecordingEvents']);
  const input = { params: { id } };
  return (
    <Flex direction="column" gap="2" align="end">
      <Flex gap="2" wrap="wrap" role="group" aria-label={t('detail.actions')}>
        {possible.retry && (
          <Button highContrast loading={retry.isPending} onClick={() => retry.mutate(input)}>
            {t('detail.retry')}
          </Button>
        )}
        {possible.resend && (
          <Button variant="soft" highContrast loading={resend.isPending} onClick={() => resend.mutate(input)}>
            {t('detail.resend')}
          </Button>
        )}
        {possible.stop && (
          <Confirm
            trigger={
              <Button color="red" variant="soft" highContrast loading={stop.isPending}>
                {t('detail.stop')}
              </Button>
            }
            title={t('now.stopTitle')}
            text={t('now.stopText')}
            confirm={t('now.stopConfirm')}
            onConfirm={() => stop.mutate(input)}
          />
        )}
        {possible.delete && <Delete recording={recording} />}
      </Flex>
      <Problem error={stop.error ?? retry.error ?? resend.error} />
    </Flex>
  );
}

/** Asks before the recording goes, says exactly what goes, and takes nobody's only copy without a second word. */
function Delete({ recording }: { recording: RecordingAnswer }) {
  const { t, i18n } = useTranslation();
  const [, go] = useLocation();
  const [isOpen, setOpen] = useState(false);
  const [isSure, setSure] = useState(false);
  const remove = useAction('deleteRecording', ['listRecordings', 'healthz']);
  const wasRefused = remove.error instanceof ApiError && remove.error.problem.code === 'NOT_DELIVERED';
  const force = !isDelivered(recording) || wasRefused;
  const { count, bytes } = localFiles(recording);
  const facts = [
    count === 0
      ? t('detail.deleteNoFiles')
      : t('detail.deleteFiles', { count, size: formatSize(bytes, i18n.language) }),
    t('detail.deleteRow'),
    t('detail.deleteCos'),
  ];
  const confirm = () =>
    remove.mutate(
      { params: { id: recording.id }, query: force ? { force } : {} },
      { onSuccess: () => go('/recordings', { replace: true }) },
    );
  return (
    <AlertDialog.Root
      open={isOpen}
      onOpenChange={(next) => {
        setOpen(next);
        setSure(false);
        remove.reset();
      }}
    >
      <AlertDialog.Trigger>
        <Button color="red" variant="soft" highContrast>
          {t('detail.delete')}
        </Button>
      </AlertDialog.Trigger>
      <AlertDialog.Content maxWidth="480px">
        <AlertDialog.Title>{t('detail.deleteTitle')}</AlertDialog.Title>
        <AlertDialog.Description size="2">{facts.join(' ')}</AlertDialog.Description>
        {force && (
          <Flex direction="column" gap="3" mt="3">
            <Text as="p" size="2" weight="bold" color="red" highContrast>
              {t('detail.deleteRisk')}
            </Text>
            <Text as="label" size="2">
              <Flex gap="2" align="center">
                <Checkbox checked={isSure} onCheckedChange={(checked) => setSure(checked === true)} />
                {t('detail.deleteSure')}
              </Flex>
            </Text>
          </Flex>
        )}
        <Flex mt="3" direction="column">
          <Problem error={wasRefused ? null : remove.error} />
        </Flex>
        <Flex gap="3" mt="4" justify="end">
          <AlertDialog.Cancel>
            <Button variant="soft" color="gray" highContrast>
              {t('common.cancel')}
            </Button>
          </AlertDialog.Cancel>
          <Button color="red" disabled={force && !isSure} loading={remove.isPending} onClick={confirm}>
            {t(force ? 'detail.deleteForce' : 'detail.deleteConfirm')}
          </Button>
        </Flex>
      </AlertDialog.Content>
    </AlertDialog.Root>
  );
}
