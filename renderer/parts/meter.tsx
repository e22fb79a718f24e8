import type { ReactNode } from 'react';

interface MeterProps {
  className: string;
  /** What is measured. */
  label: string;
  /** The value in words. */
  text: string;
  minimum: number;
  maximum: number;
  value: number;
  children: ReactNode;
}

/** A measured value, drawn by its children. */
export function Meter({ className, label, text, minimum, maximum, value, children }: MeterProps) {
  return (
    // biome-ignore lint/a11y/useSemanticElements: <meter> draws itself, in each browser in another way, and holds no children.
    <div
      className={className}
      role="meter"
      aria-label={label}
      aria-valuemin={minimum}
      aria-valuemax={maximum}
      aria-valuenow={value}
      aria-valuetext={text}
    >
      {children}
    </div>
  );
}
