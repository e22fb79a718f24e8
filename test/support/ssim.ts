/**
 * Structural similarity of two 8-bit planes, 1 for equal ones: the mean over all windows of 11×11 pixels weighted by a Gaussian of
 * 1.5 pixels, with the usual constants (0.01 and 0.03 of full scale). Windows lie wholly inside the plane.
 * @throws RangeError for planes smaller than a window or lengths that do not match
 */
export function ssim(first: Uint8Array, second: Uint8Array, width: number, height: number): number {
  if (width < WINDOW || height < WINDOW || first.length !== width * height || second.length !== first.length) {
    throw new RangeError(`planes of ${first.length} and ${second.length} bytes are no ${width}x${height}`);
  }
  const blurred = (sample: (index: number) => number) =>
    blur(
      Float64Array.from(first, (_, i) => sample(i)),
      width,
      height,
    );
  const meanFirst = blurred((i) => first[i]!);
  const meanSecond = blurred((i) => second[i]!);
  const squareFirst = blurred((i) => first[i]! ** 2);
  const squareSecond = blurred((i) => second[i]! ** 2);
  const product = blurred((i) => first[i]! * second[i]!);
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

const WEIGHTS = gaussian();

function gaussian(): number[] {
  const bell = Array.from({ length: WINDOW }, (_, i) => Math.exp(-((i - (WINDOW - 1) / 2) ** 2) / (2 * SIGMA ** 2)));
  const total = bell.reduce((sum, value) => sum + value, 0);
  return bell.map((value) => value / total);
}

/** Weighted means of all windows, row by row; smaller than the plane by ten pixels either way. */
function blur(plane: Float64Array, width: number, height: number): Float64Array {
  const outWidth = width - WINDOW + 1;
  const outHeight = height - WINDOW + 1;
  const rows = new Float64Array(outWidth * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < outWidth; x++) {
      let sum = 0;
      for (let k = 0; k < WINDOW; k++) sum += WEIGHTS[k]! * plane[y * width + x + k]!;
      rows[y * outWidth + x] = sum;
    }
  }
  const out = new Float64Array(outWidth * outHeight);
  for (let y = 0; y < outHeight; y++) {
    for (let x = 0; x < outWidth; x++) {
      let sum = 0;
      for (let k = 0; k < WINDOW; k++) sum += WEIGHTS[k]! * rows[(y + k) * outWidth + x]!;
      out[y * outWidth + x] = sum;
    }
  }
  return out;
}
