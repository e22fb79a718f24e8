import {
  Button,
  Card,
  Flex,
  Heading,
  RadioCards,
  SegmentedControl,
  Select,
  Switch,
  Text,
  TextField,
} from '@radix-ui/themes';
import { type ReactNode, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'wouter';
import { LAYOUTS, type Layout, type Mode } from '../../shared/recording.ts';
import { Field } from '../parts/field.tsx';
import { ApplicationDialog, DestinationDialog } from './settings/preset-dialogs.tsx';
import { type FormField, hasLayout, isMixed, makesUserSig, type StartForm } from './start-form.ts';
import { controlId, type SectionProps } from './start-section.ts';

/** Modes as people choose them: most wanted first. */
const MODES_SHOWN = ['12', '10', '11', '02', '00', '01'] as const satisfies readonly Mode[];

export function Section({ name, children }: { name: 'room' | 'what' | 'place' | 'told'; children: ReactNode }) {
  const { t } = useTranslation();
  return (
    <Card size="3" asChild>
      <section aria-labelledby={`start-section-${name}`}>
        <Heading as="h3" size="4" mb="3" id={`start-section-${name}`}>
          {t(`start.sections.${name}`)}
        </Heading>
        {children}
      </section>
    </Card>
  );
}

/** Fields whose value is one line of text. */
type TextFieldName =
  | ('sdkAppId' | 'userSig' | 'room' | 'userId' | 'region' | 'bucket' | 'path')
  | ('secretId' | 'secretKey' | 'token' | 'callback');

interface LineProps extends SectionProps {
  field: TextFieldName & FormField & keyof StartForm;
  help: string;
  isRequired?: boolean;
  isSecret?: boolean;
  inputMode?: 'numeric' | 'url' | 'text';
  aside?: ReactNode;
}

/** A field with one line of text. */
export function Line({
  field,
  help,
  form,
  onForm,
  onLeave,
  problemAt,
  isRequired,
  isSecret,
  inputMode,
  aside,
}: LineProps) {
  const { t } = useTranslation();
  return (
    <Field
      id={controlId(field)}
      label={t(`start.fields.${field}`)}
      help={help}
      problem={problemAt(field)}
      isRequired={isRequired ?? false}
      aside={aside}
    >
      {(aria) => (
        <TextField.Root
          {...aria}
          type={isSecret ? 'password' : 'text'}
          inputMode={inputMode}
          autoComplete={isSecret ? 'new-password' : 'off'}
          spellCheck={false}
          autoCapitalize="off"
          value={form[field]}
          onChange={({ target }) => onForm({ [field]: target.value })}
          onBlur={() => onLeave(field)}
        />
      )}
    </Field>
  );
}

/** Saved ones by name, and one entry for typing it. Names may be any text, so they carry a mark. */
const TYPED = 'typed';
const MARK = 'saved:';

function SavedSelect({
  field,
  names,
  typedWord,
  facts,
  ...props
}: SectionProps & {
  field: 'application' | 'destination';
  names: readonly string[];
  typedWord: string;
  /** What is known of the saved one that is chosen. */
  facts: string | undefined;
}) {
  const { t } = useTranslation();
  const value = props.form[field];
  return (
    <Field
      id={controlId(field)}
      label={t(`start.fields.${field}`)}
      help={facts ?? t(`start.help.${field}`)}
      problem={props.problemAt(field)}
      aside={
        <Link href="/settings/destinations" className="start-manage">
          {t('start.manage')}
        </Link>
      }
    >
      {(aria) => (
        <Select.Root
          value={value === null ? TYPED : MARK + value}
          onValueChange={(next) => {
            props.onForm({ [field]: next === TYPED ? null : next.slice(MARK.length) });
          }}
        >
          <Select.Trigger
            {...aria}
            aria-labelledby={`${aria.id}-label ${aria.id}`}
            onBlur={() => props.onLeave(field)}
          />
          <Select.Content position="popper">
            {names.map((name) => (
              <Select.Item key={name} value={MARK + name}>
                {name}
              </Select.Item>
            ))}
            {names.length > 0 && <Select.Separator />}
            <Select.Item value={TYPED}>{typedWord}</Select.Item>
          </Select.Content>
        </Select.Root>
      )}
    </Field>
  );
}

/** Which room of which application, and who the recorder is there. */
export function RoomSection(props: SectionProps) {
  const { t } = useTranslation();
  const { form, saved, onForm, mayChange } = props;
  const isNumber = form.roomKind === 'number';
  const isTyped = form.application === null;
  const isMade = makesUserSig(form, saved);
  const chosen = saved.applications.find(({ name }) => name === form.application);
  const [isSaving, setSaving] = useState(false);
  return (
    <Section name="room">
      <div className="start-grid">
        <SavedSelect
          {...props}
          field="application"
          names={saved.applications.map(({ name }) => name)}
          typedWord={t('start.typedApplication')}
          facts={
            chosen &&
            t(isMade ? 'start.help.applicationMade' : 'start.help.applicationKeyless', { id: chosen.SdkAppId })
          }
        />
        {isTyped && (
          <Line
            {...props}
            field="sdkAppId"
            help={t('start.help.sdkAppId')}
            inputMode="numeric"
            isRequired
            aside={mayChange && <SaveLink text={t('start.saveApplication')} onClick={() => setSaving(true)} />}
          />
        )}
        <Flex direction="column" gap="1" className="start-first">
          <Flex className="field-head" align="center">
            <Text as="p" size="2" weight="medium" id="start-roomKind">
              {t('start.fields.roomKind')}
            </Text>
          </Flex>
          <SegmentedControl.Root
            value={form.roomKind}
            onValueChange={(kind) => onForm({ roomKind: kind === 'text' ? 'text' : 'number' })}
            aria-labelledby="start-roomKind"
          >
            <SegmentedControl.Item value="number">{t('start.roomKinds.number')}</SegmentedControl.Item>
            <SegmentedControl.Item value="text">{t('start.roomKinds.text')}</SegmentedControl.Item>
          </SegmentedControl.Root>
        </Flex>
        <Line
          {...props}
          field="room"
          help={t(isNumber ? 'start.help.roomNumber' : 'start.help.roomText')}
          inputMode={isNumber ? 'numeric' : 'text'}
          isRequired
        />
        <Line {...props} field="userId" help={t('start.help.userId')} isRequired />
        {!isMade && <Line {...props} field="userSig" help={t('start.help.userSig')} isRequired isSecret />}
      </div>
      <ApplicationDialog
        isOpen={isSaving}
        onOpen={setSaving}
        given={{ SdkAppId: form.sdkAppId }}
        taken={saved.applications}
        onSaved={(name) => onForm({ application: name })}
      />
    </Section>
  );
}

function SaveLink({ text, onClick }: { text: string; onClick(): void }) {
  return (
    <Button type="button" size="1" variant="ghost" highContrast className="start-save" onClick={onClick}>
      {text}
    </Button>
  );
}

/** What is recorded, and how it looks. */
export function WhatSection({ form, onForm }: SectionProps) {
  const { t } = useTranslation();
  return (
    <Section name="what">
      <Flex direction="column" gap="4">
        <div>
          <Text as="p" size="2" weight="medium" mb="2" id="start-mode-label">
            {t('start.fields.mode')}
          </Text>
          <RadioCards.Root
            id={controlId('mode')}
            className="start-modes"
            aria-labelledby="start-mode-label"
            size="1"
            value={form.mode}
            onValueChange={(mode) => onForm({ mode: mode as Mode })}
          >
            {MODES_SHOWN.map((mode) => (
              <RadioCards.Item key={mode} value={mode}>
                <Flex direction="column" width="100%">
                  <Text weight="medium">{t(`start.modes.${mode}.title`)}</Text>
                  <Text size="1" color="gray" highContrast>
                    {t(`start.modes.${mode}.hint`)}
                  </Text>
                </Flex>
              </RadioCards.Item>
            ))}
          </RadioCards.Root>
        </div>
        {hasLayout(form.mode) && (
          <div className="start-grid">
            <Field id={controlId('layout')} label={t('start.fields.layout')} help={t('start.help.layout')}>
              {(aria) => (
                <Select.Root
                  value={form.layout ?? 'asSet'}
                  onValueChange={(layout) => onForm({ layout: layout === 'asSet' ? null : (layout as Layout) })}
                >
                  <Select.Trigger {...aria} aria-labelledby={`${aria.id}-label ${aria.id}`} />
                  <Select.Content position="popper">
                    {(['asSet', ...LAYOUTS] as const).map((layout) => (
                      <Select.Item key={layout} value={layout}>
                        {t(`start.layouts.${layout}`)}
                      </Select.Item>
                    ))}
                  </Select.Content>
                </Select.Root>
              )}
            </Field>
          </div>
        )}
        {isMixed(form.mode) && (
          <SwitchRow field="alsoSingle" isOn={form.alsoSingle} onSwitch={(alsoSingle) => onForm({ alsoSingle })} />
        )}
      </Flex>
    </Section>
  );
}

/** Something that is or is not, with its words beside the switch. */
export function SwitchRow({
  field,
  isOn,
  onSwitch,
}: {
  field: 'alsoSingle' | 'isReserve';
  isOn: boolean;
  onSwitch(isOn: boolean): void;
}) {
  const { t } = useTranslation();
  const id = controlId(field);
  return (
    <Flex gap="3" align="start">
      <Switch
        id={id}
        checked={isOn}
        onCheckedChange={onSwitch}
        aria-describedby={`${id}-words`}
        className="start-switch"
      />
      <div>
        <Text as="label" htmlFor={id} size="2" weight="medium">
          {t(`start.fields.${field}`)}
        </Text>
        <Text as="p" id={`${id}-words`} size="1" color="gray" highContrast>
          {t(`start.help.${field}`)}
        </Text>
      </div>
    </Flex>
  );
}

/** Which bucket the file goes to, and with which keys. */
export function PlaceSection(props: SectionProps) {
  const { t } = useTranslation();
  const { form, saved, onForm, mayChange } = props;
  const [isSaving, setSaving] = useState(false);
  const chosen = saved.destinations.find(({ name }) => name === form.destination);
  return (
    <Section name="place">
      <div className="start-grid">
        <SavedSelect
          {...props}
          field="destination"
          names={saved.destinations.map(({ name }) => name)}
          typedWord={t('start.typedDestination')}
          facts={chosen && `${chosen.Bucket} · ${chosen.Region} · ${chosen.Path}`}
        />
        {form.destination === null && (
          <>
            <Line
              {...props}
              field="bucket"
              help={t('start.help.bucket')}
              isRequired
              aside={mayChange && <SaveLink text={t('start.saveDestination')} onClick={() => setSaving(true)} />}
            />
            <Line {...props} field="region" help={t('start.help.region')} isRequired />
            <Line {...props} field="path" help={t('start.help.path')} isRequired />
            <Line
              {...props}
              field="secretId"
              help={t(saved.hasStoredCredentials ? 'start.help.secretId' : 'start.help.secretIdNeeded')}
              isRequired={!saved.hasStoredCredentials}
            />
            <Line {...props} field="secretKey" help={t('start.help.secretKey')} isSecret />
            <Line {...props} field="token" help={t('start.help.token')} isSecret />
          </>
        )}
      </div>
      <DestinationDialog
        isOpen={isSaving}
        onOpen={setSaving}
        given={{
          ...{ Region: form.region, Bucket: form.bucket, Path: form.path },
          ...{ SecretId: form.secretId, SecretKey: form.secretKey, Token: form.token },
        }}
        taken={saved.destinations}
        onSaved={(name) => onForm({ destination: name, secretId: '', secretKey: '', token: '' })}
      />
    </Section>
  );
}

/** Who gets the result. */
export function ToldSection(props: SectionProps) {
  const { t } = useTranslation();
  return (
    <Section name="told">
      <Line {...props} field="callback" help={t('start.help.callback')} inputMode="url" />
    </Section>
  );
}
