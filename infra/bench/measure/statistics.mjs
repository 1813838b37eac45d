/** @param {readonly number[]} values */
export function median(values) {
  return quantile(values, 0.5);
}

/** The value that `share` of the values are not above; between two values it is interpolated. NaN for no values. */
export function quantile(values, share) {
  if (values.length === 0) return Number.NaN;
  const sorted = [...values].sort((a, b) => a - b);
  const place = share * (sorted.length - 1);
  const below = sorted[Math.floor(place)];
  return below + (sorted[Math.ceil(place)] - below) * (place % 1);
}

export function spread(values) {
  return { median: median(values), min: Math.min(...values), max: Math.max(...values), runs: values.length };
}

export function sum(values) {
  return values.reduce((total, value) => total + value, 0);
}
