/**
 * The text of a date-time stamp, such as `2031-05-09 14:03:59`.
 * @param epochMs wall clock, milliseconds since 1970
 * @param timeZone IANA name; the machine's own when left out
 * @throws RangeError for an unknown time zone
 */
export function stampText(epochMs: number, timeZone?: string): string {
  return stampFormat(timeZone).format(epochMs);
}

const formats = new Map<string | undefined, Intl.DateTimeFormat>();

/** Making a format costs more than using it a thousand times. */
function stampFormat(timeZone: string | undefined): Intl.DateTimeFormat {
  let format = formats.get(timeZone);
  if (format === undefined) {
    // The Swedish way of writing a date is the international one.
    format = new Intl.DateTimeFormat('sv-SE', { dateStyle: 'short', timeStyle: 'medium', timeZone });
    formats.set(timeZone, format);
  }
  return format;
}
