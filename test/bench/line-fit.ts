/** A straight line through measured points. */
export interface LineFit {
  slope: number;
  /** Standard error of the slope, taking the points' errors for independent. */
  slopeError: number;
}

/** The line with the least squared distances. @throws RangeError for fewer than three points */
export function fitLine(points: readonly { x: number; y: number }[]): LineFit {
  const count = points.length;
  if (count < 3) throw new RangeError(`a line with its error needs three points, there are ${count}`);
  const meanX = points.reduce((sum, { x }) => sum + x, 0) / count;
  const meanY = points.reduce((sum, { y }) => sum + y, 0) / count;
  const squares = points.reduce((sum, { x }) => sum + (x - meanX) ** 2, 0);
  const slope = points.reduce((sum, { x, y }) => sum + (x - meanX) * (y - meanY), 0) / squares;
  const rest = points.reduce((sum, { x, y }) => sum + (y - meanY - slope * (x - meanX)) ** 2, 0);
  return { slope, slopeError: Math.sqrt(rest / (count - 2) / squares) };
}
