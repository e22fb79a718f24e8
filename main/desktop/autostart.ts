import path from 'node:path';

/** Starting at login on Linux: a file that desktops read (XDG autostart). Windows and macOS have a call for it. */

export interface AutostartEntry {
  /** Program that the desktop starts; inside an AppImage the image and not what is mounted from it. */
  program: string;
  arguments: readonly string[];
  name: string;
}

/** Full path of the file. `variables` is the environment. */
export function autostartPath(variables: Readonly<Record<string, string | undefined>>, homeDirectory: string): string {
  const configured = variables.XDG_CONFIG_HOME;
  // The specification has relative paths ignored.
  const config = configured && path.isAbsolute(configured) ? configured : path.join(homeDirectory, '.config');
  return path.join(config, 'autostart', 'trtc-recorder.desktop');
}

/** What the file says. */
export function autostartText({ program, arguments: args, name }: AutostartEntry): string {
  const exec = [program, ...args].map(quoted).join(' ');
  return [
    '[Desktop Entry]',
    'Type=Application',
    `Name=${escaped(name)}`,
    `Exec=${exec}`,
    'Terminal=false',
    'X-GNOME-Autostart-enabled=true',
    '',
  ].join('\n');
}

/** A word of an Exec line: quoted for the shell-like rules of the specification, `%` doubled, then escaped as every value. */
function quoted(word: string): string {
  const isPlain = /^[A-Za-z0-9_./=:@+-]+$/.test(word);
  return escaped(isPlain ? word : `"${word.replace(/["`$\\]/g, '\\$&').replaceAll('%', '%%')}"`);
}

function escaped(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('\r', '\\r').replaceAll('\t', '\\t');
}
