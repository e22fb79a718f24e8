import { Badge, Button, Card, Flex, Heading, Text } from '@radix-ui/themes';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useAction, useRoute } from '../../data/queries.ts';
import { formatTime } from '../../format.ts';
import { Confirm } from '../../parts/confirm.tsx';
import { LabelledField } from '../../parts/labelled-field.tsx';
import { Problem } from '../../parts/problem.tsx';

const NO_KEYS = { SecretId: '', SecretKey: '', Token: '' };
type KeyName = keyof typeof NO_KEYS;

/** The box's own COS keys: which are in use, and new ones. What was stored is never shown again. */
export function CosKeys({ isDisabled }: { isDisabled: boolean }) {
  const { t } = useTranslation();
  const [keys, setKeys] = useState(NO_KEYS);
  const store = useAction('storeCosCredentials', ['getCosCredentials', 'listRecordings', 'healthz']);
  const forget = useAction('forgetCosCredentials', ['getCosCredentials', 'listRecordings', 'healthz']);
  const { data } = useRoute('getCosCredentials', {});
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const { SecretId, SecretKey, Token } = keys;
    const body = { SecretId: SecretId.trim(), SecretKey: SecretKey.trim(), Token: Token.trim() || null };
    store.mutate({ body }, { onSuccess: () => setKeys(NO_KEYS) });
  };
  const set = (name: KeyName) => (value: string) => setKeys((before) => ({ ...before, [name]: value }));
  return (
    <Card size="3" asChild>
      <section aria-labelledby="card-keys">
        <Heading as="h3" size="4" id="card-keys">
          {t('settings.cards.keys')}
        </Heading>
        <Text as="p" size="2" color="gray" highContrast mt="1">
          {t('settings.keys.lead')}
        </Text>
        <KeysInUse />
        {!isDisabled && (
          <form className="keys-form" onSubmit={submit} autoComplete="off">
            <LabelledField label={t('settings.keys.secretId')} value={keys.SecretId} onValue={set('SecretId')} />
            <LabelledField
              label={t('settings.keys.secretKey')}
              value={keys.SecretKey}
              onValue={set('SecretKey')}
              isSecret
            />
            <LabelledField
              label={t('settings.keys.token')}
              value={keys.Token}
              onValue={set('Token')}
              hint={t('settings.keys.tokenHint')}
              isSecret
            />
            <Flex gap="3" wrap="wrap" align="center" className="keys-actions">
              <Button type="submit" loading={store.isPending} disabled={keys.SecretId === '' || keys.SecretKey === ''}>
                {t(data?.source === 'stored' ? 'settings.keys.replace' : 'settings.keys.store')}
              </Button>
              {data?.source === 'stored' && (
                <Confirm
                  trigger={
                    <Button type="button" color="red" variant="soft" highContrast loading={forget.isPending}>
                      {t('settings.keys.forget')}
                    </Button>
                  }
                  title={t('settings.keys.forgetTitle')}
                  text={t('settings.keys.forgetText')}
                  confirm={t('settings.keys.forget')}
                  onConfirm={() => forget.mutate({})}
                />
              )}
              <Text size="2" role="status">
                {store.isSuccess && data?.source === 'stored' && keys.SecretId === '' && t('settings.keys.stored')}
              </Text>
            </Flex>
          </form>
        )}
        <Problem error={store.error ?? forget.error} />
      </section>
    </Card>
  );
}

function KeysInUse() {
  const { t, i18n } = useTranslation();
  const { data } = useRoute('getCosCredentials', {});
  return (
    <Flex className="settings-line" align="center" gap="2" wrap="wrap" my="3">
      <Text size="2">{t('settings.keys.stateLabel')}</Text>
      {data && (
        <>
          <Badge color={data.source === 'none' ? 'amber' : 'green'} highContrast>
            {t(`settings.keys.source.${data.source}`)}
          </Badge>
          {data.secretId !== null && <code className="secret-id">{data.secretId}</code>}
          {data.setAt !== null && (
            <Text size="2" color="gray" highContrast>
              {t('settings.keys.setAt', { when: formatTime(data.setAt, i18n.language) })}
            </Text>
          )}
        </>
      )}
    </Flex>
  );
}
