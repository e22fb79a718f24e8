import { Badge, Button, Callout, Card, Flex, Heading, Table, Text } from '@radix-ui/themes';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Role } from '../../../shared/api/route.ts';
import { api } from '../../data/api.ts';
import { useNow } from '../../data/live.ts';
import { useAction, useRoute } from '../../data/queries.ts';
import { formatDistance, formatTime } from '../../format.ts';
import { Confirm } from '../../parts/confirm.tsx';
import { Problem } from '../../parts/problem.tsx';
import { SecretOnce } from '../../parts/secret-once.tsx';
import { CreateToken, type NewToken } from './create-token.tsx';

const COLOURS: Record<Role, 'gray' | 'blue' | 'amber'> = { record: 'gray', operate: 'blue', admin: 'amber' };

interface Token {
  name: string;
  role: Role;
  createdAt: string;
  lastUsedAt: string | null;
}

interface TokensProps {
  isAdmin: boolean;
  session: { required: boolean; name: string | null };
}

/** Who may use the box from elsewhere. */
export function Tokens({ isAdmin, session }: TokensProps) {
  const { t } = useTranslation();
  return (
    <Card size="3" asChild>
      <section aria-labelledby="card-tokens">
        <Heading as="h3" size="4" id="card-tokens">
          {t('settings.cards.tokens')}
        </Heading>
        <Text as="p" size="2" color="gray" highContrast mt="1">
          {t('settings.tokens.lead')}
        </Text>
        {!session.required && (
          <Callout.Root size="1" mt="3" color="blue" highContrast>
            <Callout.Text>{t('settings.tokens.notRequired')}</Callout.Text>
          </Callout.Root>
        )}
        {isAdmin ? (
          <TokenList ownName={session.name} />
        ) : (
          <Text as="p" mt="3">
            {t('settings.tokens.needAdmin')}
          </Text>
        )}
      </section>
    </Card>
  );
}

function TokenList({ ownName }: { ownName: string | null }) {
  const { t } = useTranslation();
  const tokens = useRoute('listTokens', {});
  const [made, setMade] = useState<NewToken | null>(null);
  const rotate = useRotation(ownName);
  const remove = useAction('deleteToken', ['listTokens', 'getSession']);
  const list = tokens.data?.tokens ?? [];
  return (
    <>
      <div className="token-list" data-loading={tokens.isPending || undefined}>
        {list.length > 0 && (
          <Table.Root size="2" layout="auto">
            <Table.Header>
              <Table.Row>
                <Table.ColumnHeaderCell>{t('settings.tokens.name')}</Table.ColumnHeaderCell>
                <Table.ColumnHeaderCell>{t('settings.tokens.role')}</Table.ColumnHeaderCell>
                <Table.ColumnHeaderCell>{t('settings.tokens.created')}</Table.ColumnHeaderCell>
                <Table.ColumnHeaderCell>{t('settings.tokens.lastUsed')}</Table.ColumnHeaderCell>
                <Table.ColumnHeaderCell />
              </Table.Row>
            </Table.Header>
            <Table.Body>
              {list.map((token) => (
                <TokenRow
                  key={token.name}
                  token={token}
                  isOwn={token.name === ownName}
                  onRotate={() => rotate.mutate(token.name, { onSuccess: setMade })}
                  onDelete={() => remove.mutate({ params: { name: token.name } })}
                />
              ))}
            </Table.Body>
          </Table.Root>
        )}
        {tokens.data && list.length === 0 && (
          <Text as="p" size="2">
            {t('settings.tokens.none')}
          </Text>
        )}
      </div>
      <Problem error={tokens.error ?? rotate.error ?? remove.error} />
      <CreateToken onMade={setMade} />
      {made && <SecretOnce name={made.name} secret={made.token} onClose={() => setMade(null)} />}
    </>
  );
}

/**
 * Gives a token a new secret. The one that this browser is signed in with ends its session: the browser signs in with the new secret
 * before anything else happens, or the page would be gone before somebody has read it.
 */
function useRotation(ownName: string | null) {
  const queries = useQueryClient();
  return useMutation({
    async mutationFn(name: string): Promise<NewToken> {
      const made = await api().call('rotateToken', { params: { name } });
      // The secret is worth more than the session: it is shown in any case.
      if (name === ownName)
        await api()
          .call('openSession', { body: { token: made.token } })
          .catch(() => null);
      return made;
    },
    onSettled: async () => await queries.invalidateQueries({ queryKey: ['listTokens'] }),
  });
}

interface TokenRowProps {
  token: Token;
  /** It is the one that this browser is signed in with. */
  isOwn: boolean;
  onRotate(): void;
  onDelete(): void;
}

function TokenRow({ token, isOwn, onRotate, onDelete }: TokenRowProps) {
  const { t, i18n } = useTranslation();
  const nowMs = useNow(60_000);
  const { name, role, createdAt, lastUsedAt } = token;
  const sentence = (text: string, own: string) => (isOwn ? `${t(text)} ${t(own)}` : t(text));
  return (
    <Table.Row align="center">
      <Table.RowHeaderCell data-label={t('settings.tokens.name')}>
        <Flex gap="2" wrap="wrap" align="center">
          {name}
          {isOwn && <Badge highContrast>{t('settings.tokens.own')}</Badge>}
        </Flex>
      </Table.RowHeaderCell>
      <Table.Cell data-label={t('settings.tokens.role')}>
        <Badge color={COLOURS[role]} highContrast title={t(`settings.tokens.may.${role}`)}>
          {t(`settings.tokens.roles.${role}`)}
        </Badge>
      </Table.Cell>
      <Table.Cell data-label={t('settings.tokens.created')}>{formatTime(createdAt, i18n.language)}</Table.Cell>
      <Table.Cell data-label={t('settings.tokens.lastUsed')}>
        {lastUsedAt === null ? t('settings.tokens.neverUsed') : formatDistance(lastUsedAt, nowMs, i18n.language)}
      </Table.Cell>
      <Table.Cell>
        <Flex gap="2" justify="end" className="token-actions">
          <Confirm
            trigger={
              <Button size="1" variant="soft" highContrast aria-label={t('settings.tokens.rotateOf', { name })}>
                {t('settings.tokens.rotate')}
              </Button>
            }
            title={t('settings.tokens.rotateTitle', { name })}
            text={sentence('settings.tokens.rotateText', 'settings.tokens.rotateOwn')}
            confirm={t('settings.tokens.rotate')}
            onConfirm={onRotate}
          />
          <Confirm
            trigger={
              <Button
                size="1"
                color="red"
                variant="soft"
                highContrast
                aria-label={t('settings.tokens.deleteOf', { name })}
              >
                {t('settings.tokens.delete')}
              </Button>
            }
            title={t('settings.tokens.deleteTitle', { name })}
            text={sentence('settings.tokens.deleteText', 'settings.tokens.deleteOwn')}
            confirm={t('settings.tokens.delete')}
            onConfirm={onDelete}
          />
        </Flex>
      </Table.Cell>
    </Table.Row>
  );
}
