import type { IconState } from './status.ts';

/** Where a system shows the icon, which decides how large and in which colours it is drawn. */
export type IconStyle = 'template' | 'panel' | 'taskbar';

/** Height and width in points; files with `@2x` and `@3x` have that many pixels more. */
export const ICON_SIZES_PX: Readonly<Record<IconStyle, number>> = { template: 18, panel: 24, taskbar: 16 };
export const ICON_SCALES = [1, 2, 3] as const;

/** macOS colours the icon itself, panels of Linux are larger than the taskbar of Windows. */
export function iconStyleOf(platform: string): IconStyle {
  if (platform === 'darwin') return 'template';
  return platform === 'win32' ? 'taskbar' : 'panel';
}

/** Name of the file in `resources/icons/tray`. Electron finds those for other densities beside it by `@2x`. */
export function iconFileOf(state: IconState, style: IconStyle, scale: number = 1): string {
  const density = scale === 1 ? '' : `@${scale}x`;
  // macOS takes the end of this name for a sign that only the shape counts.
  const suffix = { template: 'Template', panel: '-panel', taskbar: '' }[style];
  return `${state}${suffix}${density}.png`;
}
