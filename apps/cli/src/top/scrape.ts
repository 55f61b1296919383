/** Numbers of one service by metric name, summed over labels; those with a stream label only for the stream asked for, and what is derived from it. */
export type Scrape = ReadonlyMap<string, number>;

const SCRAPE_TIMEOUT_MS = 1_000;

/** Fetches and reads a service's metrics. Null: it does not answer. */
export async function scrape(url: string, stream: string): Promise<Scrape | null> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(SCRAPE_TIMEOUT_MS) });
    return response.ok ? parseMetrics(await response.text(), stream) : null;
  } catch {
    return null; // a service that is away is shown as such
  }
}

/** Reads Prometheus' text format. */
export function parseMetrics(text: string, stream: string): Scrape {
  const sums = new Map<string, number>();
  for (const line of text.split('\n')) {
    const [, name, labels = '', value] = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)/.exec(line) ?? [];
    if (name === undefined) continue;
    const [, ofStream] = /(?:^|,)stream="([^"]*)"/.exec(labels) ?? [];
    if (ofStream !== undefined && ofStream !== stream && !ofStream.startsWith(`${stream}.`)) continue;
    sums.set(name, (sums.get(name) ?? 0) + Number(value));
  }
  return sums;
}
