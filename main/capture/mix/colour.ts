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

/** Luma of a colour, its components 0…255; not rounded. */
export function lumaOf(red: number, green: number, blue: number): number {
  return 16 + (219 / 255) * (0.299 * red + 0.587 * green + 0.114 * blue);
}

/** The sample `u` of a colour, its components 0…255; not rounded. */
export function blueDifferenceOf(red: number, green: number, blue: number): number {
  return 128 + (224 / 255 / 1.772) * (0.886 * blue - 0.299 * red - 0.587 * green);
}

/** The sample `v` of a colour, its components 0…255; not rounded. */
export function redDifferenceOf(red: number, green: number, blue: number): number {
  return 128 + (224 / 255 / 1.402) * (0.701 * red - 0.587 * green - 0.114 * blue);
}

/**
 * Converts `#rrggbb` to the canvas's colour space.
 * @throws TypeError for any other notation
 */
export function parseColour(text: string): YuvColour {
  if (!/^#[0-9a-f]{6}$/i.test(text)) throw new TypeError(`a colour looks like #1a2b3c, got "${text}"`);
  const red = Number.parseInt(text.slice(1, 3), 16);
  const green = Number.parseInt(text.slice(3, 5), 16);
  const blue = Number.parseInt(text.slice(5, 7), 16);
  return {
    y: Math.round(lumaOf(red, green, blue)),
    u: Math.round(blueDifferenceOf(red, green, blue)),
    v: Math.round(redDifferenceOf(red, green, blue)),
  };
}
