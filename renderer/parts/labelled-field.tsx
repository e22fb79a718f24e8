import { Text, TextField } from '@radix-ui/themes';
import { useId } from 'react';

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

/** One line of text with its name above and a help or its problem below. */
export function LabelledField(props: LabelledFieldProps) {
  const { label, value, onValue, hint, problem = null, isSecret = false, isRequired = false, placeholder } = props;
  const id = useId();
  const below = problem ?? hint;
  return (
    <div>
      <Text as="label" htmlFor={id} size="2" weight="medium">
        {label}
      </Text>
      <TextField.Root
        id={id}
        mt="1"
        type={isSecret ? 'password' : 'text'}
        autoComplete={isSecret ? 'new-password' : 'off'}
        spellCheck={false}
        value={value}
        {...(placeholder === undefined ? {} : { placeholder })}
        aria-required={isRequired}
        aria-invalid={problem !== null}
        {...(problem === null ? {} : { color: 'red' as const })}
        aria-describedby={below ? `${id}-below` : undefined}
        onChange={({ target }) => onValue(target.value)}
      />
      {below && (
        <Text as="p" id={`${id}-below`} size="1" mt="1" color={problem === null ? 'gray' : 'red'} highContrast>
          {below}
        </Text>
      )}
    </div>
  );
}
