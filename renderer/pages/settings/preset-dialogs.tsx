import { Button, Dialog, Flex, RadioGroup, Text, TextField } from '@radix-ui/themes';
import { type FormEvent, type ReactNode, useEffect, useId, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Static } from 'typebox';
import type { ROUTES } from '../../../shared/api/routes.ts';
import { useAction } from '../../data/queries.ts';
import { Field } from '../../parts/field.tsx';
import { toast } from '../../parts/toast.tsx';
import {
  type ApplicationEntry,
  applicationBody,
  type DestinationEntry,
  destinationBody,
  type KeyChoice,
  type PresetProblem,
  problemsOfApplication,
  problemsOfDestination,
} from './preset-entries.ts';
import './presets.css';
import { Problem } from '../../parts/problem.tsx';

interface DialogProps<Given, Known> {
  isOpen: boolean;
  onOpen(isOpen: boolean): void;
  /** What the fields begin with. */
  given: Partial<Given>;
  /** What is saved already. */
  taken: readonly Known[];
  /** The one that is changed; absent for a new one. */
  changed?: Known | undefined;
  onSaved?(name: string): void;
}

type Known = { name: string; isReadable?: boolean };
type KnownDestination = Known & { secretId: string | null };
type KnownApplication = Known & { sdkSecretKey: string | null };

/** Saves a destination under a name, or changes a saved one. Keys are typed anew or stay; they are never shown. */
export function DestinationDialog(props: DialogProps<DestinationEntry, KnownDestination>) {
  const { given, changed } = props;
  const { t } = useTranslation();
  const hasStored = changed !== undefined && (changed.secretId !== null || changed.isReadable === false);
  const begin = (): DestinationEntry => ({
    ...{ name: changed?.name ?? '', Region: '', Bucket: '', Path: '/', SecretId: '', SecretKey: '', Token: '' },
    ...given,
    keys: hasStored ? 'keep' : given.SecretId ? 'new' : 'none',
  });
  const put = useAction('putDestination', ['listDestinations']);
  return (
    <PresetDialog
      {...props}
      title={changed ? t('presets.destinations.editTitle', { name: changed.name }) : t('presets.destinations.addTitle')}
      begin={begin}
      problemsOf={problemsOfDestination}
      save={(entry) =>
        put.mutateAsync({ params: { name: entry.name }, body: destinationBody(entry) as BodyOf<'putDestination'> })
      }
      savedText={(name) => t('presets.destinations.saved', { name })}
      error={put.error}
      isPending={put.isPending}
      reset={put.reset}
      fields={({ line, entry, set }) => (
        <>
          {line('Bucket', t('start.fields.bucket'), t('start.help.bucket'))}
          {line('Region', t('start.fields.region'), t('start.help.region'))}
          {line('Path', t('start.fields.path'), t('start.help.path'))}
          <Keys
            label={t('presets.keys')}
            choices={[
              ...(hasStored ? [['keep', t('presets.keepKeys')] as const] : []),
              ['none', t('presets.boxKeys')],
              ['new', t('presets.newKeys')],
            ]}
            choice={entry.keys}
            onChoice={(keys) => set({ keys })}
          />
          {entry.keys === 'new' && (
            <>
              {line('SecretId', t('start.fields.secretId'), t('presets.keysHelp'))}
              {line('SecretKey', t('start.fields.secretKey'), t('start.help.secretKey'), true)}
              {line('Token', t('start.fields.token'), t('start.help.token'), true)}
            </>
          )}
        </>
      )}
    />
  );
}

/** Saves an application under a name, or changes a saved one. Its key is typed anew or stays; it is never shown. */
export function ApplicationDialog(props: DialogProps<ApplicationEntry, KnownApplication>) {
  const { given, changed } = props;
  const { t } = useTranslation();
  const hasStored = changed !== undefined && (changed.sdkSecretKey !== null || changed.isReadable === false);
  const begin = (): ApplicationEntry => ({
    ...{ name: changed?.name ?? '', SdkAppId: '', SdkSecretKey: '' },
    ...given,
    keys: hasStored ? 'keep' : 'new',
  });
  const put = useAction('putApplication', ['listApplications']);
  return (
    <PresetDialog
      {...props}
      title={changed ? t('presets.applications.editTitle', { name: changed.name }) : t('presets.applications.addTitle')}
      begin={begin}
      problemsOf={problemsOfApplication}
      save={(entry) =>
        put.mutateAsync({ params: { name: entry.name }, body: applicationBody(entry) as BodyOf<'putApplication'> })
      }
      savedText={(name) => t('presets.applications.saved', { name })}
      error={put.error}
      isPending={put.isPending}
      reset={put.reset}
      fields={({ line, entry, set }) => (
        <>
          {line('SdkAppId', t('start.fields.sdkAppId'), t('start.help.sdkAppId'))}
          {hasStored && (
            <Keys
              label={t('presets.key')}
              choices={[
                ['keep', t('presets.keepKeys')],
                ['new', t('presets.newKey')],
                ['none', t('presets.noKey')],
              ]}
              choice={entry.keys}
              onChoice={(keys) => set({ keys })}
            />
          )}
          {entry.keys === 'new' && line('SdkSecretKey', t('presets.sdkSecretKey'), t('presets.sdkSecretKeyHelp'), true)}
        </>
      )}
    />
  );
}

/** The box judges what is sent; here it only has to be of the kind that it takes. */
type BodyOf<Name extends 'putDestination' | 'putApplication'> = NonNullable<Static<(typeof ROUTES)[Name]['body']>>;

interface PresetDialogProps<Entry extends { name: string }> {
  isOpen: boolean;
  onOpen(isOpen: boolean): void;
  onSaved?(name: string): void;
  taken: readonly Known[];
  changed?: Known | undefined;
  title: string;
  begin(): Entry;
  problemsOf(entry: Entry): PresetProblem[];
  save(entry: Entry): Promise<{ name: string }>;
  savedText(name: string): string;
  error: unknown;
  isPending: boolean;
  reset(): void;
  fields(parts: {
    entry: Entry;
    set(change: Partial<Entry>): void;
    /** A line of text for a field of the entry. */
    line(field: keyof Entry & string, label: string, help: string, isSecret?: boolean): ReactNode;
  }): ReactNode;
}

function PresetDialog<Entry extends { name: string }>(props: PresetDialogProps<Entry>) {
  const { isOpen, onOpen, title, reset } = props;
  // Beginning anew each time: what was typed and not saved, secrets above all, is gone.
  useEffect(() => {
    if (isOpen) reset();
  }, [isOpen, reset]);
  return (
    <Dialog.Root open={isOpen} onOpenChange={onOpen}>
      <Dialog.Content maxWidth="520px" aria-describedby={undefined}>
        <Dialog.Title size="4">{title}</Dialog.Title>
        {isOpen && <PresetForm {...props} />}
      </Dialog.Content>
    </Dialog.Root>
  );
}

function PresetForm<Entry extends { name: string }>(props: PresetDialogProps<Entry>) {
  const { begin, problemsOf, save, savedText, onOpen, onSaved, taken, changed, error, isPending, fields } = props;
  const { t } = useTranslation();
  const id = useId();
  const [entry, setEntry] = useState(begin);
  const [left, setLeft] = useState<ReadonlySet<string>>(new Set());
  const problems = problemsOf(entry);
  const set = (change: Partial<Entry>) => setEntry((before) => ({ ...before, ...change }));
  const isReplacing = !changed && taken.some(({ name }) => name === entry.name.trim().normalize());
  const line = (field: keyof Entry & string, label: string, help: string, isSecret = false): ReactNode => {
    const problem = problems.find((one) => one.field === field);
    const isShown = problem !== undefined && left.has(field);
    return (
      <Field id={`${id}-${field}`} label={label} help={help} problem={isShown ? t(`${problem.words}`) : undefined}>
        {(aria) => (
          <TextField.Root
            {...aria}
            type={isSecret ? 'password' : 'text'}
            autoComplete={isSecret ? 'new-password' : 'off'}
            spellCheck={false}
            autoCapitalize="off"
            disabled={field === 'name' && changed !== undefined}
            value={String(entry[field])}
            onChange={({ target }) => set({ [field]: target.value } as Partial<Entry>)}
            onBlur={() => setLeft((before) => new Set([...before, field]))}
          />
        )}
      </Field>
    );
  };
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    // The page below may hold a form around this one.
    event.stopPropagation();
    setLeft(new Set(Object.keys(entry)));
    const [first] = problems;
    if (first) {
      document.getElementById(`${id}-${first.field}`)?.focus();
      return;
    }
    const saved = await save(entry).catch(() => null);
    if (saved === null) return;
    toast(savedText(saved.name));
    onOpen(false);
    onSaved?.(saved.name);
  };
  return (
    <form onSubmit={submit} autoComplete="off" noValidate>
      <Flex direction="column" gap="3">
        {line('name', t('presets.name'), t(isReplacing ? 'presets.nameTaken' : 'presets.nameHelp'))}
        {fields({ entry, set, line })}
        <Problem error={error} />
        <Flex gap="3" mt="2" justify="end">
          <Dialog.Close>
            <Button type="button" variant="soft" color="gray" highContrast>
              {t('common.cancel')}
            </Button>
          </Dialog.Close>
          <Button type="submit" loading={isPending}>
            {t('presets.save')}
          </Button>
        </Flex>
      </Flex>
    </form>
  );
}

/** What becomes of secrets: they stay, go, or are typed anew. */
function Keys({
  label,
  choices,
  choice,
  onChoice,
}: {
  label: string;
  choices: readonly (readonly [KeyChoice, string])[];
  choice: KeyChoice;
  onChoice(choice: KeyChoice): void;
}) {
  const id = useId();
  return (
    <div>
      <Text as="p" size="2" weight="medium" mb="1" id={id}>
        {label}
      </Text>
      <RadioGroup.Root aria-labelledby={id} value={choice} onValueChange={(next) => onChoice(next as KeyChoice)}>
        {choices.map(([value, words]) => (
          <RadioGroup.Item key={value} value={value}>
            {words}
          </RadioGroup.Item>
        ))}
      </RadioGroup.Root>
    </div>
  );
}
