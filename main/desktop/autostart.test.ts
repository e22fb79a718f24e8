import { expect, it } from 'vitest';
import { autostartPath, autostartText } from './autostart.ts';

it('lies where desktops look, and takes no relative path from the environment', () => {
  expect(autostartPath({}, '/home/a')).toBe('/home/a/.config/autostart/trtc-recorder.desktop');
  expect(autostartPath({ XDG_CONFIG_HOME: '/c' }, '/home/a')).toBe('/c/autostart/trtc-recorder.desktop');
  expect(autostartPath({ XDG_CONFIG_HOME: 'c' }, '/home/a')).toBe('/home/a/.config/autostart/trtc-recorder.desktop');
});

it.each([
  ['/opt/TRTC-Recorder/trtc-recorder', '/opt/TRTC-Recorder/trtc-recorder --hidden'],
  ['/opt/TRTC Recorder/app', '"/opt/TRTC Recorder/app" --hidden'],
  ['/a/100%', '"/a/100%%" --hidden'],
  ['/a/$HOME`x`"q"', '"/a/\\\\$HOME\\\\`x\\\\`\\\\"q\\\\"" --hidden'],
  ['/a\\b', '"/a\\\\\\\\b" --hidden'],
  ['/a\nExec=evil', '"/a\\nExec=evil" --hidden'],
])('program %j', (program, exec) => {
  const lines = autostartText({ program, arguments: ['--hidden'], name: 'TRTC Recorder' }).split('\n');
  expect(lines.slice(0, 3)).toEqual(['[Desktop Entry]', 'Type=Application', 'Name=TRTC Recorder']);
  expect(lines.filter((line) => line.startsWith('Exec='))).toEqual([`Exec=${exec}`]);
});
