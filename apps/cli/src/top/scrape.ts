import { parseSamples } from '../metrics/samples';

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

/** Sums of one stream, of the lines of Prometheus' text format. */
export function parseMetrics(text: string, stream: string): Scrape {
  const sums = new Map<string, number>();
  for (const { name, labels, value } of parseSamples(text).all) {
    const ofStream = labels['stream'];
    if (ofStream !== undefined && ofStream !== stream && !ofStream.startsWith(`${stream}.`)) continue;
    sums.set(name, (sums.get(name) ?? 0) + value);
  }
  return sums;
}
