import { Card, Heading, Text } from '@radix-ui/themes';
import { useQueryClient } from '@tanstack/react-query';
import { type FocusEvent, type FormEvent, type ReactNode, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ApiError } from '../../../shared/api/client.ts';
import type { RouteOutput } from '../../../shared/api/route.ts';
import type { ROUTES } from '../../../shared/api/routes.ts';
import { useAction } from '../../data/queries.ts';
import { sentencesOf } from '../../parts/problem.tsx';
import { SaveBar } from '../../parts/save-bar.tsx';
import { SettingRow } from '../../parts/setting-field.tsx';
import { isSameValue, patchOf, type SettingField, valueAt } from '../../settings-model.ts';
import { type DraftReading, entryOf, placeRefusals, readEntry } from '../../settings-model-entries.ts';
import type { CardOfFields, Section } from '../../settings-model-sections.ts';
import type { useSectionWork } from './drafts.ts';
import { type SettingWords, settingWords } from './words.ts';

export type SettingsAnswer = RouteOutput<(typeof ROUTES)['getSettings']>;

/** The value of a setting as it would be saved now; undefined when what stands in its field is no value. */
export type ValueNow = (key: string) => unknown;

interface SectionFormProps {
  section: Section;
  cards: readonly CardOfFields[];
  answer: SettingsAnswer;
  isDisabled: boolean;
  reading: DraftReading;
  unsaved: number;
  work: ReturnType<typeof useSectionWork>;
  /** What stands under the heading of a card, above its settings. */
  heads?: Partial<Record<string, ReactNode>>;
  /** What stands below the settings of a card. */
  feet?: Partial<Record<string, (valueNow: ValueNow) => ReactNode>>;
}

/** The settings of a section as cards, saved together. */
export function SectionForm(props: SectionFormProps) {
  const { section, cards, answer, isDisabled, reading, unsaved, work, heads = {}, feet = {} } = props;
  const { t, i18n } = useTranslation();
  const form = useRef<HTMLFormElement>(null);
  const [notice, setNotice] = useState<string | null>(null);
  const words = settingWords(t, i18n);
  const fields = cards.flatMap((card) => [...card.fields, ...card.seldom]);
  const { save, isSaving } = useSaving({
    ...{ section, fields, words, work, reading, answer },
    onSaved: setNotice,
    onWrong: (key) => focusSetting(form.current, key),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!isSaving && unsaved > 0) save();
  };
  const noteLeaving = ({ target, relatedTarget }: FocusEvent<HTMLFormElement>) => {
    const row = target.closest<HTMLElement>('[data-setting]');
    if (row?.dataset.setting && !row.contains(relatedTarget)) work.leave(row.dataset.setting);
  };
  const valueNow: ValueNow = (key) => {
    if (key in reading.problems) return undefined;
    return key in reading.changes ? reading.changes[key] : valueAt(answer.values, key);
  };
  const row = (field: SettingField) => (
    <FieldRow key={field.key} {...{ field, answer, words, reading, work, isDisabled }} onEdit={() => setNotice(null)} />
  );
  return (
    <form ref={form} className="settings-form" onSubmit={submit} onBlur={noteLeaving} noValidate>
      {cards.map(({ card, fields: often, seldom }) => (
        <Card key={card} size="3" asChild>
          <section aria-labelledby={`card-${card}`}>
            <Heading as="h3" size="4" id={`card-${card}`}>
              {i18n.exists(`settings.cards.${card}`) ? t(`settings.cards.${card}`) : card}
            </Heading>
            {heads[card]}
            {!isDisabled && [...often, ...seldom].every(({ key }) => answer.readOnly.includes(key)) && (
              <Text as="p" size="2">
                {t('settings.onlyAtMachine')}
              </Text>
            )}
            {often.map(row)}
            {seldom.length > 0 && (
              <details className="settings-seldom">
                <summary>{t('settings.seldom')}</summary>
                {seldom.map(row)}
              </details>
            )}
            {feet[card]?.(valueNow)}
          </section>
        </Card>
      ))}
      {!isDisabled && (
        <SaveBar
          {...{ unsaved, isSaving, notice }}
          trouble={<Trouble reading={reading} work={work} />}
          onDiscard={work.clear}
          onClose={() => setNotice(null)}
        />
      )}
    </form>
  );
}

/** One setting with what the person has made of it so far. */
function FieldRow({
  field,
  answer,
  words,
  reading,
  work,
  isDisabled,
  onEdit,
}: Pick<SectionFormProps, 'answer' | 'reading' | 'work' | 'isDisabled'> & {
  field: SettingField;
  words: SettingWords;
  onEdit(): void;
}) {
  const { key } = field;
  const { drafts, left, refusals } = work.work;
  const mayNotChange = isDisabled || answer.readOnly.includes(key);
  const entry = drafts[key] ?? entryOf(field, valueAt(answer.values, key));
  const now = readEntry(field, entry);
  const seen = reading.problems[key];
  const own = seen && left.includes(key) ? words.problemOf(seen) : undefined;
  return (
    <SettingRow
      {...{ field, words, entry }}
      isDisabled={mayNotChange}
      problem={own ?? refusals[key]}
      canReset={now.kind === 'problem' || !isSameValue(now.value, field.default)}
      isUnsaved={key in reading.changes || key in reading.problems}
      needsRestart={answer.needsRestart.includes(key)}
      onEntry={(next) => {
        onEdit();
        work.edit(key, next);
      }}
    />
  );
}

function Trouble({ reading, work }: Pick<SectionFormProps, 'reading' | 'work'>) {
  const { t } = useTranslation();
  const { left, refusals, trouble } = work.work;
  const wrong = new Set([
    ...Object.keys(reading.problems).filter((key) => left.includes(key)),
    ...Object.keys(refusals),
  ]);
  if (wrong.size === 0 && trouble === null) return null;
  return (
    <Text size="2" color="red">
      {[wrong.size > 0 && t('settings.wrong', { count: wrong.size }), trouble, t('settings.notSaved')]
        .filter(Boolean)
        .join(' ')}
    </Text>
  );
}

interface Saving {
  section: Section;
  fields: readonly SettingField[];
  words: SettingWords;
  work: ReturnType<typeof useSectionWork>;
  reading: DraftReading;
  answer: SettingsAnswer;
  onSaved(notice: string): void;
  onWrong(key: string): void;
}

function useSaving({ fields, words, work, reading, answer, onSaved, onWrong }: Saving) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const change = useAction('changeSettings', ['getSettings', 'healthz']);
  const refuse = (error: unknown) => {
    const refusals = error instanceof ApiError ? (error.problem.errors ?? []) : [];
    const keys = fields.map(({ key }) => key);
    const { placed, others } = placeRefusals(keys, refusals, words.titleOf, t('settings.correct'));
    const trouble = refusals.length > 0 ? others.join(' ') || null : (sentencesOf(error) ?? t('app.offline'));
    work.refuse(placed, trouble);
    const first = keys.find((key) => key in placed);
    if (first !== undefined) onWrong(first);
  };
  const save = () => {
    const wrong = fields.flatMap(({ key }) => (key in reading.problems ? key : []));
    if (wrong[0] !== undefined) {
      work.leave(...wrong);
      onWrong(wrong[0]);
      return;
    }
    const { changes } = reading;
    if (Object.keys(changes).length === 0) {
      work.clear();
      return;
    }
    change.mutate(
      { body: patchOf(changes) },
      {
        onError: refuse,
        onSuccess(now) {
          queries.setQueryData(['getSettings', {}], now);
          work.clear();
          const late = Object.keys(changes).filter((key) => answer.needsRestart.includes(key));
          const titles = late.map((key) => words.titleOf(key)).join(t('settings.comma'));
          onSaved(late.length > 0 ? t('settings.restartNeeded', { titles }) : t('settings.saved'));
        },
      },
    );
  };
  return { save, isSaving: change.isPending };
}

/** Brings a setting into sight, unfolding what hides it, and puts the focus into its control. */
function focusSetting(form: HTMLFormElement | null, key: string): void {
  const row = form?.querySelector(`[data-setting="${CSS.escape(key)}"]`);
  row?.closest('details')?.setAttribute('open', '');
  // Of several controls the wrong one; that mark is there once the page has been drawn anew.
  requestAnimationFrame(() => {
    const wrong = row?.querySelector<HTMLElement>('[aria-invalid="true"]');
    (wrong ?? row?.querySelector<HTMLElement>('.setting-control :is(input, textarea, button)'))?.focus();
  });
}
