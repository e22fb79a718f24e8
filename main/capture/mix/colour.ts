/**
 * What the numbers in every picture mean, from the SDK's frames over the canvas to the encoder's tags: BT.601 with limited range,
 * 4:2:0 with chroma level with the left luma sample. TRTC's frames carry no tag; this is what its senders use. The one place to
 * change it.
 */
export const CANVAS_COLOUR = { matrix: 'bt601', range: 'limited', chroma: 'left' } as const;

/** One colour as limited-range samples. */
export interface YuvColour {
  y: number;
  u: number;
  v: number;
}

/**
 * Converts `#rrggbb` to the canvas's colour space.
 * @throws TypeError for any other notation
 */
export function parseColour(text: string): YuvColour {
  if (!/^#[0-9a-f]{6}$/i.test(text)) throw new TypeError(`a colour looks like #1a2b3c, got "${text}"`);
  const red = Number.parseInt(text.slice(1, 3), 16) / 255;
  const green = Number.parseInt(text.slice(3, 5), 16) / 255;
  const blue = Number.parseInt(text.slice(5, 7), 16) / 255;
  const luma = 0.299 * red + 0.587 * green + 0.114 * blue;
  return {
    y: Math.round(16 + 219 * luma),
    u: Math.round(128 + (224 * (blue - luma)) / 1.772),
    v: Math.round(128 + (224 * (red - luma)) / 1.402),
  };
}
