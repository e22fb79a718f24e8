import path from 'node:path';

/** What the desktop app was started with. Chromium has switches of its own: what is not known here is left to it. */
export interface DesktopArguments {
  /** Null: where this system keeps the data of apps. */
  dataDirectory: string | null;
  /** Null: as the settings say. */
  port: number | null;
  rooms: { kind: 'trtc' } | { kind: 'simulated'; scenarioPath: string };
  /** Started at login: the tray is enough. */
  isHidden: boolean;
  /** A link that was clicked somewhere, as it came; not judged yet. */
  link: string | null;
}

/** Begins every deep link. */
export const LINK_SCHEME = 'trtc-recorder';

/**
 * Reads the arguments behind the program's own name (and behind the script's, in a checkout).
 *
 * A link comes from any web page, and systems put it into the command line: whoever can write a link must not give arguments with it.
 * So beside a link nothing else counts.
 */
export function readDesktopArguments(argv: readonly string[]): DesktopArguments {
  const link = argv.find((argument) => argument.toLowerCase().startsWith(`${LINK_SCHEME}:`)) ?? null;
  const values = link === null ? namedValues(argv) : new Map<string, string>();
  const data = values.get('data');
  const port = Number(values.get('port') ?? Number.NaN);
  const scenario = values.get('scenario');
  const isSimulated = values.get('rooms') === 'simulated' && scenario !== undefined && scenario !== '';
  return {
    dataDirectory: data === undefined || data === '' ? null : path.resolve(data),
    port: Number.isInteger(port) && port >= 0 && port <= 65_535 ? port : null,
    rooms: isSimulated ? { kind: 'simulated', scenarioPath: path.resolve(scenario) } : { kind: 'trtc' },
    isHidden: link === null && argv.includes('--hidden'),
    link,
  };
}

/** `--name value` and `--name=value`; the last of a name counts. */
function namedValues(argv: readonly string[]): Map<string, string> {
  const values = new Map<string, string>();
  for (const [index, argument] of argv.entries()) {
    const [, name, , value] = /^--(data|port|rooms|scenario)(=(.*))?$/s.exec(argument) ?? [];
    const next = argv[index + 1];
    if (name === undefined) continue;
    if (value !== undefined) values.set(name, value);
    else if (next !== undefined && !next.startsWith('--')) values.set(name, next);
  }
  return values;
}
