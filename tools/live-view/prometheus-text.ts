/**
 * The sum of a metric over all its series.
 *
 * @param text what a service answers at `/metrics`
 * @returns null when the metric has no series
 */
export function sumOfSeries(text: string, name: string): number | null {
  let sum: number | null = null;
  for (const line of text.split('\n')) {
    if (!line.startsWith(name)) continue;
    const rest = line.slice(name.length);
    const value = /^(?:\{.*\})? (\S+)/.exec(rest)?.[1]; // a longer name does not match: it goes on with a letter
    if (value !== undefined) sum = (sum ?? 0) + Number(value);
  }
  return sum;
}
