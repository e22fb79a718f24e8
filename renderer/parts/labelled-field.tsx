import { TextField } from '@radix-ui/themes';
import { useId } from 'react';
import { Field } from './field.tsx';

interface LabelledFieldProps {
  label: string;
  value: string;
  onValue(value: string): void;
  hint?: string | undefined;
  /** What is wrong with the value; shown in the place of the hint. */
  problem?: string | null | undefined;
  isSecret?: boolean;
  isRequired?: boolean;
  placeholder?: string;
}

/** One line of text as a field. */
export function LabelledField(props: LabelledFieldProps) {
  const { label, value, onValue, hint = '', problem, isSecret = false, isRequired = false, placeholder } = props;
  return (
    <Field id={useId()} help={hint} problem={problem ?? undefined} {...{ label, isRequired }}>
      {(aria) => (
        <TextField.Root
          {...aria}
          type={isSecret ? 'password' : 'text'}
          autoComplete={isSecret ? 'new-password' : 'off'}
          spellCheck={false}
          value={value}
          {...(placeholder === undefined ? {} : { placeholder })}
          onChange={({ target }) => onValue(target.value)}
        />
      )}
    </Field>
  );
}
