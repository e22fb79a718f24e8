import { Box, Button, Dialog, Flex, RadioCards, Text, TextField } from '@radix-ui/themes';
import { type FormEvent, useId, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ROLES, type Role } from '../../../shared/api/route.ts';
import { useAction } from '../../data/queries.ts';
import { Problem } from '../../parts/problem.tsx';

/** A token just made, with its secret. */
export interface NewToken {
  name: string;
  token: string;
}

/** Asks for the name and the role of a new token. */
export function CreateToken({ onMade }: { onMade(made: NewToken): void }) {
  const { t } = useTranslation();
  const [isOpen, setOpen] = useState(false);
  const [name, setName] = useState('');
  const [role, setRole] = useState<Role>('record');
  const create = useAction('createToken', ['listTokens']);
  const id = useId();
  const change = (open: boolean) => {
    setOpen(open);
    setName('');
    setRole('record');
    create.reset();
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const onSuccess = (made: NewToken) => {
      change(false);
      onMade(made);
    };
    create.mutate({ body: { name: name.trim(), role } }, { onSuccess });
  };
  return (
    <Dialog.Root open={isOpen} onOpenChange={change}>
      <Box mt="4">
        <Dialog.Trigger>
          <Button type="button">{t('settings.tokens.create')}</Button>
        </Dialog.Trigger>
      </Box>
      <Dialog.Content maxWidth="520px" aria-describedby={undefined}>
        <Dialog.Title>{t('settings.tokens.createTitle')}</Dialog.Title>
        <form onSubmit={submit}>
          <Flex direction="column" gap="4">
            <div>
              <Text as="label" htmlFor={id} size="2" weight="medium">
                {t('settings.tokens.name')}
              </Text>
              <TextField.Root
                id={id}
                autoComplete="off"
                spellCheck={false}
                value={name}
                aria-describedby={`${id}-hint`}
                onChange={({ target }) => setName(target.value)}
              />
              <Text as="p" id={`${id}-hint`} size="1" color="gray" highContrast mt="1">
                {t('settings.tokens.nameHint')}
              </Text>
            </div>
            <RoleChoice role={role} onRole={setRole} />
            <Problem error={create.error} />
            <Flex gap="3" justify="end">
              <Dialog.Close>
                <Button type="button" variant="soft" color="gray" highContrast>
                  {t('common.cancel')}
                </Button>
              </Dialog.Close>
              <Button type="submit" loading={create.isPending} disabled={name.trim() === ''}>
                {t('settings.tokens.createButton')}
              </Button>
            </Flex>
          </Flex>
        </form>
      </Dialog.Content>
    </Dialog.Root>
  );
}

/** The roles, each with what it may do. */
function RoleChoice({ role, onRole }: { role: Role; onRole(role: Role): void }) {
  const { t } = useTranslation();
  const id = useId();
  return (
    <div>
      <Text as="p" id={id} size="2" weight="medium" mb="1">
        {t('settings.tokens.role')}
      </Text>
      <RadioCards.Root
        aria-labelledby={id}
        columns="1"
        gap="2"
        size="1"
        value={role}
        onValueChange={(value) => onRole(value as Role)}
      >
        {ROLES.map((one) => (
          <RadioCards.Item key={one} value={one}>
            <Flex direction="column" width="100%">
              <Text weight="medium">{t(`settings.tokens.roles.${one}`)}</Text>
              <Text size="2" color="gray" highContrast>
                {t(`settings.tokens.may.${one}`)}
              </Text>
            </Flex>
          </RadioCards.Item>
        ))}
      </RadioCards.Root>
    </div>
  );
}
