import { Badge, Box, Button, Flex, RadioGroup, Select, Switch, Text, TextArea, TextField } from '@radix-ui/themes';
import { useId } from 'react';
import { useTranslation } from 'react-i18next';
import type { SettingWords } from '../pages/settings/words.ts';
import type { NumberField, ObjectField, SettingField } from '../settings-model.ts';
import { type Entry, type EntryOf, entryOf, lastName } from '../settings-model-entries.ts';
import type { UnitName } from '../settings-model-measures.ts';

/** As many choices stand side by side; more fold into a list. */
const MAX_RADIOS = 4;

export interface SettingFieldProps {
  field: SettingField;
  words: SettingWords;
  entry: Entry;
  onEntry(entry: Entry): void;
  /** What is wrong with the entry, as a sentence. */
  problem: string | undefined;
  /** The entry is no default. */
  canReset: boolean;
  /** The entry is not what the box has. */
  isUnsaved: boolean;
  needsRestart: boolean;
  isDisabled: boolean;
}

interface ControlProps {
  entry: Entry;
  onEntry(entry: Entry): void;
  words: SettingWords;
  isDisabled: boolean;
  /** Of the control, its label, and what describes it. */
  id: string;
  labelId: string;
  describedBy: string;
  isWrong: boolean;
}

/** A setting: its title and explanation, the control that fits its values, limits and default, and what is wrong with it. */
export function SettingRow(props: SettingFieldProps) {
  const { field, words, entry, onEntry, problem, canReset, isUnsaved, needsRestart, isDisabled } = props;
  const { t } = useTranslation();
  const id = useId();
  const title = words.titleOf(field.key);
  const limits = words.limitsOf(field);
  const ids = { label: `${id}-label`, help: `${id}-help`, limits: `${id}-limits`, problem: `${id}-problem` };
  return (
    <div className="setting" data-setting={field.key}>
      <div className="setting-words">
        <Flex align="center" gap="2" wrap="wrap">
          <Text as="label" id={ids.label} htmlFor={id} weight="medium">
            {title}
          </Text>
          {isUnsaved && <Badge highContrast>{t('settings.isChanged')}</Badge>}
          {needsRestart && (
            <Badge color="gray" highContrast>
              {t('settings.afterRestart')}
            </Badge>
          )}
        </Flex>
        <Text as="p" id={ids.help} size="2" color="gray" highContrast>
          {words.explanationOf(field.key)}
          {field.kind === 'list' && t('settings.onePerLine')}
        </Text>
      </div>
      <div className="setting-control">
        <Control
          field={field}
          {...{ entry, onEntry, words, isDisabled, id }}
          labelId={ids.label}
          describedBy={[ids.help, ids.limits, problem && ids.problem].filter(Boolean).join(' ')}
          isWrong={problem !== undefined}
        />
        <Flex id={ids.limits} className="setting-facts" align="center" gap="2" wrap="wrap">
          <Text size="1" color="gray" highContrast>
            {[limits, t('settings.default', { value: words.valueOf(field, field.default) })]
              .filter(Boolean)
              .join(' · ')}
          </Text>
          {canReset && !isDisabled && (
            <Button
              size="1"
              variant="ghost"
              highContrast
              type="button"
              className="setting-reset"
              aria-label={t('settings.resetOf', { title })}
              onClick={() => onEntry(entryOf(field, field.default))}
            >
              {t('settings.reset')}
            </Button>
          )}
        </Flex>
        {problem !== undefined && (
          <Text as="p" id={ids.problem} size="2" color="red" role="alert">
            {problem}
          </Text>
        )}
      </div>
    </div>
  );
}

/** The control for the values of a setting. */
function Control({ field, ...props }: ControlProps & { field: SettingField }) {
  const { entry, onEntry, isDisabled, id, labelId, describedBy, isWrong } = props;
  const aria = { 'aria-labelledby': labelId, 'aria-describedby': describedBy, 'aria-invalid': isWrong || undefined };
  switch (entry.kind) {
    case 'switch':
      return (
        <Switch
          {...{ id, ...aria }}
          checked={entry.isOn}
          disabled={isDisabled}
          onCheckedChange={(isOn) => onEntry({ kind: 'switch', isOn })}
        />
      );
    case 'amount':
      return field.kind === 'number' ? <AmountControl {...props} field={field} entry={entry} /> : null;
    case 'list':
      return <ListControl {...props} field={field} entry={entry} />;
    case 'object':
      return field.kind === 'object' ? <ObjectControl {...props} field={field} entry={entry} /> : null;
    case 'text':
      if (field.kind === 'choice')
        return <ChoiceControl {...props} field={field} options={field.options} entry={entry} />;
      if (field.kind === 'json') {
        return (
          <TextArea
            {...{ id, ...aria }}
            rows={4}
            value={entry.text}
            disabled={isDisabled}
            onChange={({ target }) => onEntry({ kind: 'text', text: target.value })}
          />
        );
      }
      return <TextControl {...props} field={field} entry={entry} />;
  }
}

function AmountControl(props: ControlProps & { field: NumberField; entry: EntryOf<'amount'> }) {
  const { field, entry, onEntry, words, isDisabled, id, labelId, describedBy, isWrong } = props;
  const { t } = useTranslation();
  const [single] = field.measure;
  return (
    <Flex gap="2">
      <Box flexGrow="1" minWidth="0">
        <TextField.Root
          id={id}
          className="numbers"
          inputMode="decimal"
          autoComplete="off"
          value={entry.text}
          disabled={isDisabled}
          placeholder={field.isNullable ? words.emptyOf(field.key) : ''}
          aria-labelledby={labelId}
          aria-describedby={describedBy}
          aria-invalid={isWrong || undefined}
          {...(isWrong ? { color: 'red' } : {})}
          onChange={({ target }) => onEntry({ ...entry, text: target.value })}
        >
          {field.measure.length === 1 && single && (
            <TextField.Slot side="right">
              <Text size="2" color="gray" highContrast>
                {words.unitOf(single.name)}
              </Text>
            </TextField.Slot>
          )}
        </TextField.Root>
      </Box>
      {field.measure.length > 1 && (
        <Select.Root
          value={entry.unit ?? ''}
          disabled={isDisabled}
          onValueChange={(unit) => onEntry({ ...entry, unit: unit as UnitName })}
        >
          <Select.Trigger
            className="setting-unit"
            aria-label={t('settings.unit', { title: words.titleOf(field.key) })}
          />
          <Select.Content>
            {field.measure.map(({ name }) => (
              <Select.Item key={name} value={name}>
                {words.unitOf(name)}
              </Select.Item>
            ))}
          </Select.Content>
        </Select.Root>
      )}
    </Flex>
  );
}

function ChoiceControl(
  props: ControlProps & { field: SettingField; options: readonly string[]; entry: EntryOf<'text'> },
) {
  const { field, options, entry, onEntry, words, isDisabled, id, labelId, describedBy } = props;
  const choose = (text: string) => onEntry({ kind: 'text', text });
  if (options.length <= MAX_RADIOS) {
    return (
      <RadioGroup.Root
        aria-labelledby={labelId}
        aria-describedby={describedBy}
        value={entry.text}
        disabled={isDisabled}
        onValueChange={choose}
      >
        {options.map((option) => (
          <RadioGroup.Item key={option} value={option}>
            {words.choiceOf(field.key, option)}
          </RadioGroup.Item>
        ))}
      </RadioGroup.Root>
    );
  }
  return (
    <Select.Root value={entry.text} disabled={isDisabled} onValueChange={choose}>
      <Select.Trigger id={id} className="setting-wide" aria-labelledby={labelId} aria-describedby={describedBy} />
      <Select.Content>
        {options.map((option) => (
          <Select.Item key={option} value={option}>
            {words.choiceOf(field.key, option)}
          </Select.Item>
        ))}
      </Select.Content>
    </Select.Root>
  );
}

function TextControl(props: ControlProps & { field: SettingField; entry: EntryOf<'text'> }) {
  const { field, entry, onEntry, words, isDisabled, id, labelId, describedBy, isWrong } = props;
  const look = field.kind === 'text' ? field.look : 'plain';
  const zonesId = `${id}-zones`;
  const change = (text: string) => onEntry({ kind: 'text', text });
  return (
    <Flex gap="2" align="center">
      {look === 'colour' && (
        <input
          type="color"
          className="setting-colour"
          aria-label={words.titleOf(field.key)}
          value={/^#[0-9a-f]{6}$/i.test(entry.text) ? entry.text.toLowerCase() : '#000000'}
          disabled={isDisabled}
          onChange={({ target }) => change(target.value)}
        />
      )}
      <Box flexGrow="1" minWidth="0">
        <TextField.Root
          id={id}
          type={look === 'time' ? 'time' : 'text'}
          autoComplete="off"
          spellCheck={false}
          value={entry.text}
          disabled={isDisabled}
          placeholder={field.isNullable ? words.emptyOf(field.key) : ''}
          aria-labelledby={labelId}
          aria-describedby={describedBy}
          aria-invalid={isWrong || undefined}
          {...(look === 'timeZone' ? { list: zonesId } : {})}
          {...(isWrong ? { color: 'red' } : {})}
          onChange={({ target }) => change(target.value)}
        />
      </Box>
      {look === 'timeZone' && (
        <datalist id={zonesId}>
          {Intl.supportedValuesOf('timeZone').map((zone) => (
            <option key={zone} value={zone} />
          ))}
        </datalist>
      )}
    </Flex>
  );
}

function ListControl(props: ControlProps & { field: SettingField; entry: EntryOf<'list'> }) {
  const { field, entry, onEntry, words, isDisabled, id, labelId, describedBy, isWrong } = props;
  return (
    <Flex direction="column" gap="2">
      {field.isNullable && (
        <Chosen {...props} isChosen={entry.isChosen} onChosen={(isChosen) => onEntry({ ...entry, isChosen })} />
      )}
      {entry.isChosen && (
        <TextArea
          id={field.isNullable ? `${id}-list` : id}
          rows={3}
          spellCheck={false}
          value={entry.text}
          disabled={isDisabled}
          aria-labelledby={labelId}
          aria-describedby={describedBy}
          aria-invalid={isWrong || undefined}
          placeholder={field.isNullable ? '' : words.valueOf(field, [])}
          onChange={({ target }) => onEntry({ ...entry, text: target.value })}
        />
      )}
    </Flex>
  );
}

/** A switch for what may also not be there at all. */
function Chosen({
  isChosen,
  onChosen,
  id,
  labelId,
  isDisabled,
  words,
  field,
}: ControlProps & { field: SettingField; isChosen: boolean; onChosen(isChosen: boolean): void }) {
  return (
    <Flex align="center" gap="2">
      <Switch id={id} aria-labelledby={labelId} checked={isChosen} disabled={isDisabled} onCheckedChange={onChosen} />
      {!isChosen && (
        <Text size="2" color="gray" highContrast>
          {words.emptyOf(field.key)}
        </Text>
      )}
    </Flex>
  );
}

function ObjectControl(props: ControlProps & { field: ObjectField; entry: EntryOf<'object'> }) {
  const { field, entry, onEntry, words, id } = props;
  const change = (name: string, part: Entry) => onEntry({ ...entry, parts: { ...entry.parts, [name]: part } });
  return (
    <Flex direction="column" gap="2">
      {field.isNullable && (
        <Chosen {...props} isChosen={entry.isChosen} onChosen={(isChosen) => onEntry({ ...entry, isChosen })} />
      )}
      {entry.isChosen && (
        <div className="setting-parts">
          {field.fields.map((part) => {
            const name = lastName(part.key);
            const partEntry = entry.parts[name];
            const partId = `${id}-${name}`;
            if (!partEntry) return null;
            return (
              <div key={name} className="setting-part">
                <Text as="label" id={`${partId}-label`} htmlFor={partId} size="1" color="gray" highContrast>
                  {words.titleOf(part.key)}
                </Text>
                <Control
                  {...props}
                  field={part}
                  id={partId}
                  labelId={`${partId}-label`}
                  entry={partEntry}
                  onEntry={(next) => change(name, next)}
                />
              </div>
            );
          })}
        </div>
      )}
    </Flex>
  );
}
