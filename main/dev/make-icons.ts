import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { type Canvas, createCanvas, type SKRSContext2D } from '@napi-rs/canvas';
import { ICON_SCALES, ICON_SIZES_PX, type IconStyle, iconFileOf } from '../tray/icon-files.ts';
import { ICON_STATES, type IconState } from '../tray/status.ts';

// Draws every icon of the desktop into resources/icons: `node main/dev/make-icons.ts`. The files are kept in the repository, so that
// packages are built without drawing. States differ by shape, so that nobody has to tell colours.

const APP_SIZE_PX = 1024;
/** What desktops of Linux look for. */
const LINUX_SIZES_PX = [16, 22, 24, 32, 48, 64, 128, 256, 512] as const;

/** Drawn on a square of this many units, whose outermost one stays free. */
const GRID = 16;

/** Each is seen on a light and on a dark ground. */
const COLOURS: Readonly<Record<IconState, string>> = {
  idle: '#7d8794',
  recording: '#e5484d',
  uploading: '#2f86eb',
  offline: '#7d8794',
  attention: '#dd7a00',
};

export interface IconFile {
  /** Below `resources/icons`. */
  name: string;
  sizePx: number;
  draw(): Canvas;
}

/** Every icon there is. */
export function iconFiles(): IconFile[] {
  const styles = Object.keys(ICON_SIZES_PX) as IconStyle[];
  const tray = ICON_STATES.flatMap((state) =>
    styles.flatMap((style) =>
      ICON_SCALES.map((scale) => {
        const sizePx = ICON_SIZES_PX[style] * scale;
        const colour = style === 'template' ? '#000000' : COLOURS[state];
        const name = `tray/${iconFileOf(state, style, scale)}`;
        return { name, sizePx, draw: () => drawTray(state, colour, sizePx) };
      }),
    ),
  );
  const linux = LINUX_SIZES_PX.map((sizePx) => ({
    ...{ name: `linux/${sizePx}x${sizePx}.png`, sizePx },
    draw: () => drawApp(sizePx, 0),
  }));
  // macOS leaves a margin around the tile of an app, the others none.
  const app = [
    { name: 'icon.png', sizePx: APP_SIZE_PX, draw: () => drawApp(APP_SIZE_PX, 0) },
    { name: 'icon-mac.png', sizePx: APP_SIZE_PX, draw: () => drawApp(APP_SIZE_PX, 100 / 1024) },
  ];
  return [...tray, ...linux, ...app];
}

function drawTray(state: IconState, colour: string, sizePx: number): Canvas {
  const canvas = createCanvas(sizePx, sizePx);
  const context = canvas.getContext('2d');
  context.scale(sizePx / GRID, sizePx / GRID);
  context.fillStyle = colour;
  context.strokeStyle = colour;
  context.lineCap = 'round';
  context.lineJoin = 'round';
  SHAPES[state](context);
  return canvas;
}

const SHAPES: Readonly<Record<IconState, (context: SKRSContext2D) => void>> = {
  // The lamp is off.
  idle: ring,
  // The lamp is on: as much of it as there is room for.
  recording(context) {
    ring(context);
    context.beginPath();
    context.arc(8, 8, 4.1, 0, 2 * Math.PI);
    context.fill();
  },
  uploading(context) {
    context.lineWidth = 2;
    line(context, [8, 11], [8, 3]);
    line(context, [4, 6.6], [8, 2.6], [12, 6.6]);
    line(context, [2.5, 14], [13.5, 14]);
  },
  // A line that is cut.
  offline(context) {
    ring(context);
    erase(context, () => {
      context.lineWidth = 5;
      line(context, [2.2, 13.8], [13.8, 2.2]);
    });
    context.lineWidth = 2;
    line(context, [2.2, 13.8], [13.8, 2.2]);
  },
  attention(context) {
    context.lineWidth = 2;
    context.beginPath();
    context.moveTo(8, 2.3);
    context.lineTo(14.4, 13.7);
    context.lineTo(1.6, 13.7);
    context.closePath();
    context.fill();
    context.stroke();
    erase(context, () => {
      context.lineWidth = 1.9;
      line(context, [8, 6.2], [8, 8.7]);
      context.beginPath();
      context.arc(8, 12.1, 1.1, 0, 2 * Math.PI);
      context.fill();
    });
  },
};

function ring(context: SKRSContext2D): void {
  context.lineWidth = 1.7;
  context.beginPath();
  context.arc(8, 8, 6.6, 0, 2 * Math.PI);
  context.stroke();
}

function line(context: SKRSContext2D, ...points: readonly (readonly [number, number])[]): void {
  context.beginPath();
  for (const [x, y] of points) context.lineTo(x, y);
  context.stroke();
}

/** Cuts what is drawn out of what is there. */
function erase(context: SKRSContext2D, draw: () => void): void {
  context.save();
  context.globalCompositeOperation = 'destination-out';
  draw();
  context.restore();
}

/** A dark tile with the lamp of a recorder. @param margin share of the size that stays free on each side */
function drawApp(sizePx: number, margin: number): Canvas {
  const canvas = createCanvas(sizePx, sizePx);
  const context = canvas.getContext('2d');
  const tilePx = sizePx * (1 - 2 * margin);
  context.translate(sizePx * margin, sizePx * margin);
  context.scale(tilePx / 32, tilePx / 32);
  const ground = context.createLinearGradient(0, 0, 0, 32);
  ground.addColorStop(0, '#374253');
  ground.addColorStop(1, '#161d29');
  context.fillStyle = ground;
  context.beginPath();
  context.roundRect(0, 0, 32, 32, 7.2);
  context.fill();
  // Where there are few pixels the ring is thicker, or it would vanish.
  const isSmall = sizePx < 48;
  context.strokeStyle = '#f9fafb';
  context.lineWidth = isSmall ? 2.6 : 2;
  context.beginPath();
  context.arc(16, 16, 11, 0, 2 * Math.PI);
  context.stroke();
  const lamp = context.createRadialGradient(13.4, 12.8, 0.5, 16, 16, 8);
  lamp.addColorStop(0, '#ff7b7b');
  lamp.addColorStop(1, '#e02d34');
  context.fillStyle = isSmall ? '#ef4444' : lamp;
  context.beginPath();
  context.arc(16, 16, isSmall ? 6.6 : 7, 0, 2 * Math.PI);
  context.fill();
  return canvas;
}

const DIRECTORY = fileURLToPath(new URL('../../resources/icons', import.meta.url));

function writeAll(): void {
  for (const { name, draw } of iconFiles()) {
    const file = path.join(DIRECTORY, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, draw().toBuffer('image/png'));
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) writeAll();
