import { Heading } from '@radix-ui/themes';
import { type ReactNode, useId } from 'react';

/** A part of the page under its heading. */
export function Section({ title, children }: { title: string; children: ReactNode }) {
  const id = useId();
  return (
    <section aria-labelledby={id} className="detail-section">
      <Heading as="h3" size="4" mb="2" id={id}>
        {title}
      </Heading>
      {children}
    </section>
  );
}
