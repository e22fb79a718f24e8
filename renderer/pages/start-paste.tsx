import { Button, Callout, Card, Flex, Text, TextArea } from '@radix-ui/themes';
import { useMemo, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { type Fields, isFields } from '../../shared/complaints.ts';
import { FieldWords } from '../parts/field.tsx';
import { Problem } from '../parts/problem.tsx';
import { type ReadJson, rangeOfLine, readJson } from './json-lines.ts';
import { judge, type SavedFacts } from './start-form.ts';
import { refusedFields, useStart } from './start-run.ts';

interface PastePanelProps {
  text: string;
  onText(text: string): void;
  saved: SavedFacts;
  onFill(body: Fields): void;
}

/** Something about a line of the pasted text. */
interface Remark {
  line: number;
  text: string;
}

const ROWS = 18;

/** A request as a caller would send it, judged while it is typed, each complaint with its line. */
export function PastePanel({ text, onText, saved, onFill }: PastePanelProps) {
  const { t } = useTranslation();
  const area = useRef<HTMLTextAreaElement>(null);
  const start = useStart();
  const read = useMemo(() => readJson(text), [text]);
  const body = read.ok && isFields(read.value) ? read.value : null;
  const { wrong, odd } = useRemarks(read, saved, start.error);
  const isEmpty = text.trim() === '';
  const goTo = (line: number) => {
    const { start: from, end } = rangeOfLine(text, line);
    area.current?.focus();
    area.current?.setSelectionRange(from, end);
    // A browser does not always scroll to what is selected by a script.
    if (area.current)
      area.current.scrollTop = Math.max(0, (line - 4) * (area.current.scrollHeight / text.split('\n').length));
  };
  const change = (next: string) => {
    onText(next);
    if (start.isError) start.reset();
  };
  return (
    <Flex direction="column" gap="4">
      <Card size="3">
        <Flex direction="column" gap="2">
          <Text as="label" htmlFor="start-json" size="2" weight="medium">
            {t('start.paste.label')}
          </Text>
          <TextArea
            id="start-json"
            ref={area}
            className="start-json"
            rows={ROWS}
            resize="vertical"
            spellCheck={false}
            autoCapitalize="off"
            value={text}
            aria-describedby="start-json-words start-json-verdict"
            aria-invalid={!isEmpty && wrong.length > 0}
            onChange={({ target }) => change(target.value)}
          />
          <FieldWords id="start-json-words" help={t('start.paste.help')} />
        </Flex>
      </Card>
      <Verdict isEmpty={isEmpty} wrong={wrong} odd={odd} onGo={goTo} />
      {wrong.length === 0 && <Problem error={start.error} />}
      <Flex gap="3" wrap="wrap">
        <Button
          size="3"
          disabled={body === null || wrong.length > 0}
          loading={start.isPending}
          onClick={() => body && start.mutate({ ...body })}
        >
          {t('start.begin')}
        </Button>
        <Button
          size="3"
          variant="soft"
          color="gray"
          highContrast
          disabled={body === null}
          onClick={() => body && onFill(body)}
        >
          {t('start.paste.fill')}
        </Button>
      </Flex>
    </Flex>
  );
}

/** What the box says to the text. */
function Verdict({
  isEmpty,
  wrong,
  odd,
  onGo,
}: {
  isEmpty: boolean;
  wrong: readonly Remark[];
  odd: readonly Remark[];
  onGo(line: number): void;
}) {
  const { t } = useTranslation();
  return (
    <div className="start-verdict" id="start-json-verdict" aria-live="polite">
      {isEmpty ? (
        <Text size="2" color="gray" highContrast>
          {t('start.paste.empty')}
        </Text>
      ) : (
        <>
          <Remarks colour="red" title={t('start.problems', { count: wrong.length })} remarks={wrong} onGo={onGo} />
          {wrong.length === 0 && odd.length === 0 && (
            <Callout.Root color="green" highContrast size="1">
              <Callout.Text>{t('start.paste.good')}</Callout.Text>
            </Callout.Root>
          )}
          {wrong.length === 0 && <Remarks colour="amber" title={t('start.paste.odd')} remarks={odd} onGo={onGo} />}
        </>
      )}
    </div>
  );
}

/** What is wrong and what is odd, from top to bottom. What the box itself found counts until the text is changed. */
function useRemarks(read: ReadJson, saved: SavedFacts, refusal: unknown): { wrong: Remark[]; odd: Remark[] } {
  const { t, i18n } = useTranslation();
  if (!read.ok) return { wrong: [{ line: read.line, text: t(`start.paste.broken.${read.expected}`) }], odd: [] };
  const own = i18n.language.startsWith('zh') ? 'zh' : 'en';
  const { errors, warnings } = judge(read.value, saved);
  const all = errors.length > 0 ? errors : refusedFields(refusal);
  const byLine = (a: Remark, b: Remark) => a.line - b.line;
  return {
    wrong: all
      .map(({ field, message, remedy }) => ({ line: read.lineOf(field), text: `${message[own]} ${remedy[own]}` }))
      .sort(byLine),
    odd: warnings.map(({ field, message }) => ({ line: read.lineOf(field), text: message[own] })).sort(byLine),
  };
}

function Remarks({
  colour,
  title,
  remarks,
  onGo,
}: {
  colour: 'red' | 'amber';
  title: string;
  remarks: readonly Remark[];
  onGo(line: number): void;
}) {
  const { t } = useTranslation();
  if (remarks.length === 0) return null;
  return (
    <Callout.Root color={colour} highContrast size="1" className="start-summary">
      <div>
        <strong>{title}</strong>
        <ul>
          {remarks.map(({ line, text }) => (
            <li key={`${line} ${text}`}>
              <button
                type="button"
                className="start-jump"
                onClick={() => onGo(line)}
                aria-label={t('start.paste.goTo', { line })}
              >
                {t('start.paste.line', { line })}
              </button>
              : {text}
            </li>
          ))}
        </ul>
      </div>
    </Callout.Root>
  );
}
