import { CopyButton } from '../../parts/copy.tsx';

/** A document as it is, to be read and copied. */
export function Json({ text, what }: { text: string; what: string }) {
  return (
    <section className="json" aria-label={what}>
      <div className="json-copy">
        <CopyButton text={text} what={what} />
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reachable by keys */}
      <pre tabIndex={0}>{text}</pre>
    </section>
  );
}
