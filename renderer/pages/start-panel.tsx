import { Box, Button, Callout, Flex } from '@radix-ui/themes';
import { type FormEvent, useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { copyText } from '../data/clipboard.ts';
import { Problem } from '../parts/problem.tsx';
import { toast } from '../parts/toast.tsx';
import {
  type FormField,
  type FormProblem,
  inOrder,
  jsonOf,
  problemOf,
  problemsOf,
  requestOf,
  type StartForm,
} from './start-form.ts';
import { MoreSection } from './start-more.tsx';
import { refusedFields, useStart } from './start-run.ts';
import { controlId, type SectionProps } from './start-section.ts';
import { PlaceSection, RoomSection, ToldSection, WhatSection } from './start-sections.tsx';
import { sentenceFor } from './start-words.ts';

interface FormPanelProps extends Pick<SectionProps, 'form' | 'saved' | 'mayChange' | 'onForm'> {
  /** It was filled from elsewhere: what is wrong shows at once. */
  isFilled: boolean;
}

/** The form. Each field is judged by the box's own rules when one leaves it, all of them when one starts. */
export function FormPanel({ form, saved, mayChange, onForm, isFilled }: FormPanelProps) {
  const { t, i18n } = useTranslation();
  const [left, setLeft] = useState<ReadonlySet<FormField>>(new Set());
  const [showsAll, setShowsAll] = useState(isFilled);
  const [isTried, setTried] = useState(false);
  const start = useStart();
  const ofPage = useMemo(() => problemsOf(form, saved), [form, saved]);
  const ofBox = refusedFields(start.error).map((error) => problemOf(error, form));
  // What the box said is about the form as it was sent: it counts until somebody changes it.
  const problems = inOrder([...ofPage, ...(ofPage.length === 0 ? ofBox : [])]);
  const shown = problems.filter((problem) => showsAll || left.has(problem.field) || ofBox.includes(problem));
  const problemAt = (field: FormField): string | undefined => {
    const found = shown.find((problem) => problem.field === field);
    return found && sentenceFor(found, form, i18n);
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setShowsAll(true);
    setTried(true);
    const [first] = ofPage;
    if (first) focusField(first.field);
    else start.mutate(requestOf(form, saved), { onError: (error) => focusRefused(error, form) });
  };
  const props: SectionProps = {
    ...{ form, saved, mayChange, problemAt },
    onForm: (change) => {
      onForm(change);
      if (start.isError) start.reset();
    },
    onLeave: (field) => setLeft((before) => (before.has(field) ? before : new Set([...before, field]))),
  };
  return (
    <form onSubmit={submit} autoComplete="off" noValidate aria-label={t('start.title')}>
      <Flex direction="column" gap="4">
        <RoomSection {...props} />
        <WhatSection {...props} />
        <PlaceSection {...props} />
        <ToldSection {...props} />
        <MoreSection {...props} />
        {isTried && problems.length > 0 && <Summary problems={problems} form={form} />}
        {problems.length === 0 && <Problem error={start.error} />}
        <Flex gap="3" wrap="wrap" className="start-actions">
          <Button type="submit" size="3" loading={start.isPending}>
            {t('start.begin')}
          </Button>
          <Button
            type="button"
            size="3"
            variant="soft"
            color="gray"
            highContrast
            onClick={async () =>
              toast(t((await copyText(jsonOf(form, saved))) ? 'start.jsonCopied' : 'start.jsonNotCopied'))
            }
          >
            {t('start.copyJson')}
          </Button>
        </Flex>
      </Flex>
    </form>
  );
}

/** All that is wrong in one place, each a way to where it is mended. */
function Summary({ problems, form }: { problems: readonly FormProblem[]; form: StartForm }) {
  const { t, i18n } = useTranslation();
  return (
    <Callout.Root color="red" highContrast role="alert" size="1" className="start-summary">
      <Box>
        <strong>{t('start.problems', { count: problems.length })}</strong>
        <ul>
          {problems.map((problem) => (
            <li key={`${problem.field} ${problem.wireField}`}>
              <button type="button" className="start-jump" onClick={() => focusField(problem.field)}>
                {t(`start.fields.${problem.field}`)}
              </button>
              : {sentenceFor(problem, form, i18n)}
            </li>
          ))}
        </ul>
      </Box>
    </Callout.Root>
  );
}

function focusRefused(error: unknown, form: StartForm): void {
  const [first] = inOrder(refusedFields(error).map((one) => problemOf(one, form)));
  if (first) focusField(first.field);
}

/** Brings a field into view and goes there, opening what hides it. */
function focusField(field: FormField): void {
  const found = document.getElementById(controlId(field));
  if (!found) return;
  const folded = found.closest('details');
  if (folded) folded.open = true;
  const control = found.matches('input, button, textarea') ? found : found.querySelector<HTMLElement>('input, button');
  (control ?? found).focus();
}
