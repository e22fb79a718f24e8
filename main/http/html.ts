/** A piece of HTML that is safe to send as it is. */
export interface Html {
  readonly html: string;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text for use between tags and inside quoted attributes. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}

function toHtml(value: Html | readonly Html[] | string | number | null): string {
  if (value === null) {
    return '';
  }
  if (typeof value === 'string' || typeof value === 'number') {
    return escapeHtml(String(value));
  }
  return 'html' in value ? value.html : value.map((piece) => piece.html).join('');
}

/** Builds HTML; every text put into it is escaped, only what this tag itself built is not. Attributes need their quotes. */
export function html(
  strings: TemplateStringsArray,
  ...values: readonly (Html | readonly Html[] | string | number | null)[]
): Html {
  return {
    html: strings.map((part, index) => part + (index < values.length ? toHtml(values[index] ?? null) : '')).join(''),
  };
}
