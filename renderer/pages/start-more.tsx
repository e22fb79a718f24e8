import { Button, Card, CheckboxGroup, Flex, IconButton, Text, TextField } from '@radix-ui/themes';
import { useTranslation } from 'react-i18next';
import { CALLBACK_EVENTS } from '../../shared/callback-events.ts';
import { MAX_NAMES } from '../../shared/request-rules.ts';
import { FieldWords } from '../parts/field.tsx';
import type { NameRow } from './start-form.ts';
import { controlId, type SectionProps } from './start-section.ts';
import { SwitchRow } from './start-sections.tsx';

/** What few need: folded away until somebody asks for it, or something in it is wrong. */
export function MoreSection(props: SectionProps) {
  const { t } = useTranslation();
  const { form, onForm, problemAt } = props;
  const isWrong = problemAt('names') !== undefined || problemAt('event') !== undefined;
  return (
    <Card size="3" asChild>
      <details className="start-more" open={isWrong || undefined}>
        <summary>
          <Text size="4" weight="bold">
            {t('start.sections.more')}
          </Text>
          <Text size="2" color="gray" highContrast>
            {t('start.sections.moreHint')}
          </Text>
        </summary>
        <Flex direction="column" gap="5" mt="4">
          <SwitchRow field="isReserve" isOn={form.isReserve} onSwitch={(isReserve) => onForm({ isReserve })} />
          <Names {...props} />
          <Events {...props} />
        </Flex>
      </details>
    </Card>
  );
}

function Names({ form, onForm, problemAt, onLeave }: SectionProps) {
  const { t } = useTranslation();
  const id = controlId('names');
  const change = (key: number, part: Partial<NameRow>) =>
    onForm({ names: form.names.map((row) => (row.key === key ? { ...row, ...part } : row)) });
  const add = () =>
    onForm({
      names: [...form.names, { key: Math.max(-1, ...form.names.map(({ key }) => key)) + 1, userId: '', name: '' }],
    });
  return (
    <Flex direction="column" gap="2" role="group" aria-labelledby={`${id}-label`} id={id}>
      <Text as="p" size="2" weight="medium" id={`${id}-label`}>
        {t('start.fields.names')}
      </Text>
      <FieldWords
        id={`${id}-words`}
        help={t(form.names.length === 0 ? 'start.help.noNames' : 'start.help.names')}
        problem={problemAt('names')}
      />
      {form.names.map(({ key, userId, name }, index) => (
        <Flex key={key} gap="2" align="center" className="start-name">
          <TextField.Root
            aria-label={t('start.nameOf', { number: index + 1 })}
            placeholder={t('start.nameOf', { number: index + 1 })}
            aria-describedby={`${id}-words`}
            spellCheck={false}
            autoCapitalize="off"
            value={userId}
            onChange={({ target }) => change(key, { userId: target.value })}
            onBlur={() => onLeave('names')}
          />
          <TextField.Root
            aria-label={t('start.textOf', { number: index + 1 })}
            placeholder={t('start.textOf', { number: index + 1 })}
            aria-describedby={`${id}-words`}
            value={name}
            onChange={({ target }) => change(key, { name: target.value })}
            onBlur={() => onLeave('names')}
          />
          <IconButton
            type="button"
            variant="soft"
            color="gray"
            highContrast
            aria-label={t('start.removeName', { number: index + 1 })}
            onClick={() => onForm({ names: form.names.filter((row) => row.key !== key) })}
          >
            <svg width="14" height="14" viewBox="0 0 14 14" aria-hidden="true" stroke="currentColor" strokeWidth="1.75">
              <path d="M2.500 2.500l9 9M11.500 2.500l-9 9" />
            </svg>
          </IconButton>
        </Flex>
      ))}
      <div>
        <Button
          type="button"
          variant="soft"
          color="gray"
          highContrast
          disabled={form.names.length >= MAX_NAMES}
          onClick={add}
        >
          {t('start.addName')}
        </Button>
      </div>
    </Flex>
  );
}

function Events({ form, onForm, problemAt }: SectionProps) {
  const { t } = useTranslation();
  const id = controlId('event');
  const isOff = form.callback.trim() === '';
  return (
    <Flex direction="column" gap="2" id={id}>
      <Text as="p" size="2" weight="medium" id={`${id}-label`}>
        {t('start.fields.event')}
      </Text>
      <FieldWords
        id={`${id}-words`}
        help={t(isOff ? 'start.help.eventNeedsCallback' : 'start.help.event')}
        problem={problemAt('event')}
      />
      <CheckboxGroup.Root
        className="start-events"
        aria-labelledby={`${id}-label`}
        aria-describedby={`${id}-words`}
        disabled={isOff}
        value={[...form.events]}
        onValueChange={(names) => onForm({ events: CALLBACK_EVENTS.filter((event) => names.includes(event)) })}
      >
        {CALLBACK_EVENTS.map((event) => (
          <CheckboxGroup.Item key={event} value={event}>
            {t(`start.events.${event.replace('.', '_')}`)}
          </CheckboxGroup.Item>
        ))}
      </CheckboxGroup.Root>
    </Flex>
  );
}
