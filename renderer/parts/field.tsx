import { Flex, Text } from '@radix-ui/themes';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import './field.css';

/** What ties a control to its words. */
export interface FieldAria {
  id: string;
  'aria-describedby': string;
  'aria-invalid': boolean;
  'aria-required'?: boolean;
}

interface FieldProps {
  /** Of the control; those of its words are made of it. */
  id: string;
  label: string;
  help: string;
  /** What is wrong, as a sentence; it takes the place of the help. */
  problem?: string | undefined;
  isRequired?: boolean;
  /** Beside the label, at the end of its line. */
  aside?: ReactNode;
  children(aria: FieldAria): ReactNode;
}

/** A control with its label above and one line of words below, so that the page stays still when they change. */
export function Field({ id, label, help, problem, isRequired = false, aside, children }: FieldProps) {
  const wordsId = `${id}-words`;
  return (
    <div className="field">
      <Flex className="field-head" justify="between" align="center" gap="2">
        <Text as="label" htmlFor={id} size="2" weight="medium" id={`${id}-label`}>
          {label}
        </Text>
        {aside}
      </Flex>
      {children({
        id,
        'aria-describedby': wordsId,
        'aria-invalid': problem !== undefined,
        ...(isRequired ? { 'aria-required': true } : {}),
      })}
      <FieldWords id={wordsId} help={help} problem={problem} />
    </div>
  );
}

/** Help, or what is wrong in its place; a person who cannot see the colour hears and reads the word. */
export function FieldWords({ id, help, problem }: { id: string; help: string; problem?: string | undefined }) {
  const { t } = useTranslation();
  return (
    <Text
      as="p"
      id={id}
      size="1"
      className="field-words"
      color={problem === undefined ? 'gray' : 'red'}
      highContrast={problem === undefined}
    >
      {problem === undefined ? (
        help
      ) : (
        <>
          <span className="field-mark" aria-hidden="true">
            !
          </span>
          <span className="only-heard">{t('common.error')}: </span>
          {problem}
        </>
      )}
    </Text>
  );
}
