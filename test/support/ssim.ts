/**
 * Structural similarity of two 8-bit planes, 1 for equal ones: the mean over all windows of 11×11 pixels weighted by a Gaussian of
 * 1.5 pixels, with the usual constants (0.01 and 0.03 of full scale). Windows lie wholly inside the plane.
 * @throws RangeError for planes smaller than a window or lengths that do not match
 */
export function ssim(first: Uint8Array, second: Uint8Array, width: number, height: number): number {
  if (width < WINDOW || height < WINDOW || first.length !== width * height || second.length !== first.length) {
    throw new RangeError(`planes of ${first.length} and ${second.length} bytes are no ${width}x${height}`);
  }
  const means = (a: Uint8Array, b: Uint8Array | null) => {
    const values = new Float32Array(a.length);
    for (let i = 0; i < a.length; i++) values[i] = a[i]! * (b === null ? 1 : b[i]!);
    return blur(values, width, height);
  };
  const meanFirst = means(first, null);
  const meanSecond = means(second, null);
  const squareFirst = means(first, first);
  const squareSecond = means(second, second);
  const product = means(first, second);
  let sum = 0;
  for (let i = 0; i < product.length; i++) {
    const a = meanFirst[i]!;
    const b = meanSecond[i]!;
    const likeness = (2 * a * b + C1) * (2 * (product[i]! - a * b) + C2);
    sum += likeness / ((a * a + b * b + C1) * (squareFirst[i]! - a * a + squareSecond[i]! - b * b + C2));
  }
  return sum / product.length;
}

const WINDOW = 11;
const SIGMA = 1.5;
const C1 = (0.01 * 255) ** 2;
const C2 = (0.03 * 255) ** 2;

const WEIGHTS: Float64Array = gaussian();

function gaussian(): Float64Array {
  const bell = Array.from({ length: WINDOW }, (_, i) => Math.exp(-((i - (WINDOW - 1) / 2) ** 2) / (2 * SIGMA ** 2)));
  const total = bell.reduce((sum, value) => sum + value, 0);
  return Float64Array.from(bell, (value) => value / total);
}

/** Weighted means of all windows, row by row; smaller than the plane by ten pixels either way. */
function blur(plane: Float32Array, width: number, height: number): Float32Array {
  const rows = blurAlong(plane, 1, width - WINDOW + 1, height, width);
  return blurAlong(rows, width - WINDOW + 1, width - WINDOW + 1, height - WINDOW + 1, width - WINDOW + 1);
}

/** `step`: from one sample of a window to the next. */
function blurAlong(plane: Float32Array, step: number, width: number, height: number, stride: number): Float32Array {
  const weights = WEIGHTS;
  const out = new Float32Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      let sum = 0;
      for (let k = 0, at = y * stride + x; k < WINDOW; k++, at += step) sum += weights[k]! * plane[at]!;
      out[y * width + x] = sum;
    }
  }
  return out;
}
