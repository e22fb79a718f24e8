import { Button, Flex, Text } from '@radix-ui/themes';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { cosRequestOf, fieldProblems, isAboutFields, NO_COS_FIELDS } from '../checks-model.ts';
import { useAction, useRoute } from '../data/queries.ts';
import type { FirstRunFacts } from '../first-run-model.ts';
import { CosOutcome } from '../parts/checks.tsx';
import { LabelledField } from '../parts/labelled-field.tsx';
import { Problem } from '../parts/problem.tsx';

const FIELDS = ['Region', 'Bucket', 'Path', 'SecretId', 'SecretKey'] as const;
type Field = (typeof FIELDS)[number];
const WORDS = {
  Region: 'region',
  Bucket: 'bucket',
  Path: 'path',
  SecretId: 'secretId',
  SecretKey: 'secretKey',
} as const satisfies Record<Field, string>;

interface CosStepProps {
  facts: FirstRunFacts;
  isAdmin: boolean;
  onSaved(): void;
}

/** Bucket and keys, tried before they are stored. */
export function CosStep({ facts, isAdmin, onSaved }: CosStepProps) {
  const { t } = useTranslation();
  const saved = useRoute('listDestinations', {}).data?.destinations[0];
  const [typed, setTyped] = useState<Partial<typeof NO_COS_FIELDS>>({});
  const fields = {
    ...NO_COS_FIELDS,
    ...(saved && { Region: saved.Region, Bucket: saved.Bucket, Path: saved.Path }),
    ...typed,
  };
  const check = useAction('checkCos');
  const storeKeys = useAction('storeCosCredentials', ['getFirstRun', 'getAttention', 'getCosCredentials']);
  const putPlace = useAction('putDestination', ['getFirstRun', 'listDestinations']);
  const problems = fieldProblems(check.error ?? storeKeys.error ?? putPlace.error);
  const failed = check.data?.passed === false;
  const save = async () => {
    const { SecretId, SecretKey } = cosRequestOf(fields);
    const place = { Region: fields.Region.trim(), Bucket: fields.Bucket.trim(), Path: fields.Path.trim() };
    if (SecretId && SecretKey) await storeKeys.mutateAsync({ body: { SecretId, SecretKey, Token: null } });
    await putPlace.mutateAsync({ params: { name: saved?.name ?? place.Bucket }, body: place });
    onSaved();
  };
  const tryAndSave = async () => {
    const { passed } = await check.mutateAsync({ body: cosRequestOf(fields) });
    if (passed) await save();
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    // What was refused is shown by the mutation's own error.
    void tryAndSave().catch(() => {});
  };
  const field = (name: Field) => (
    <LabelledField
      key={name}
      label={t(`firstRun.cos.${WORDS[name]}`)}
      hint={name in HINTS ? t(HINTS[name as keyof typeof HINTS]) : undefined}
      problem={problems[name] ?? null}
      isSecret={name === 'SecretKey'}
      value={fields[name]}
      onValue={(value) => setTyped((before) => ({ ...before, [name]: value }))}
    />
  );
  const error = check.error ?? storeKeys.error ?? putPlace.error;
  return (
    <form onSubmit={submit} autoComplete="off">
      <Flex direction="column" gap="3">
        <Text as="p" size="2" color="gray" highContrast>
          {t('firstRun.cos.lead')}
        </Text>
        <div className="check-fields">{FIELDS.slice(0, 3).map(field)}</div>
        <div className="check-fields">{FIELDS.slice(3).map(field)}</div>
        <Text as="p" size="2" color="gray" highContrast>
          {t(facts.keys === 'none' ? 'firstRun.cos.keysHint' : 'firstRun.cos.keysKnown')}
        </Text>
        <CosOutcome isPending={check.isPending} answer={check.data ?? null} error={null} />
        {!isAboutFields(error, FIELDS) && <Problem error={error} />}
        {failed && (
          <Text as="p" size="2" weight="medium">
            {t('firstRun.cos.failedHint')}
          </Text>
        )}
        {isAdmin && (
          <Flex gap="3" wrap="wrap">
            <Button type="submit" loading={check.isPending || storeKeys.isPending || putPlace.isPending}>
              {t('firstRun.cos.test')}
            </Button>
            {failed && !check.isPending && (
              <Button type="button" variant="soft" highContrast onClick={() => void save().catch(() => {})}>
                {t('firstRun.cos.saveAnyway')}
              </Button>
            )}
          </Flex>
        )}
      </Flex>
    </form>
  );
}

const HINTS = {
  Region: 'checks.cos.regionHint',
  Bucket: 'checks.cos.bucketHint',
  Path: 'checks.cos.pathHint',
} as const;
