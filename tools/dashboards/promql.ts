/** By how much a second, over the window that fits the picture. */
export function rate(series: string): string {
  return `rate(${series}[$__rate_interval])`;
}

/** Of something that seldom or never happens: 0 while it has not, so that silence is told from missing numbers. */
export function orZero(expr: string): string {
  return `${expr} or vector(0)`;
}

/** Rates added up by labels; none: all of them. */
export function sumRate(series: string, ...by: readonly string[]): string {
  return `sum${by.length > 0 ? ` by (${by.join(', ')})` : ''} (${rate(series)})`;
}

/** A quantile of a histogram. @param series with the matchers of its buckets, as `x_seconds{stream="s"}` */
export function quantile(q: number, series: string, ...by: readonly string[]): string {
  const [name = '', matchers = ''] = series.split(/(?=\{)/);
  return `histogram_quantile(${q}, sum by (${['le', ...by].join(', ')}) (${rate(`${name}_bucket${matchers}`)}))`;
}
