import type { ClientTls } from '@tillstream/doors';
import { askService } from '../http/ask-service';
import { parseSamples, Samples } from '../metrics/samples';

/** What a service says of itself. */
export interface ServiceLook {
  readonly url: string;
  /** As its metrics call it; null: it did not answer, or it is none of ours. */
  readonly name: string | null;
  /** Why it could not be asked; null: it answered. */
  readonly trouble: string | null;
  /** By check, what is missing; empty: it is ready. */
  readonly missing: Readonly<Record<string, string>>;
  /** How far its machine's clock is ahead of ours, to the second; null: not to be had. */
  readonly clockAheadMs: number | null;
  readonly samples: Samples;
}

const TIMEOUT_MS = 3_000;

/** Asks a service whether it is ready, for its numbers, and what time it is there. Never throws: one that is away is a finding. */
export async function lookAtService(url: string, tls: ClientTls, nowMs: () => number): Promise<ServiceLook> {
  try {
    // Below the path of the address, if it has one: a proxy may have each service under a path of its own.
    const base = `${url.replace(/\/$/, '')}/`;
    const ask = (path: string) => askService(new URL(path, base), { tls, timeoutMs: TIMEOUT_MS });
    const [ready, metrics] = await Promise.all([ask('readyz'), ask('metrics')]);
    const samples = parseSamples(metrics.text);
    const name = samples.all.find(({ labels }) => labels['service'] !== undefined)?.labels['service'] ?? null;
    return {
      ...{ url, name, samples, missing: missingIn(ready.text) },
      trouble: name === null ? 'what answers there is none of the services' : null,
      clockAheadMs: metrics.dateMs === null ? null : metrics.dateMs - nowMs(),
    };
  } catch (error) {
    const trouble = error instanceof Error ? error.message : String(error);
    return { url, name: null, trouble, missing: {}, clockAheadMs: null, samples: new Samples([]) };
  }
}

function missingIn(report: string): Record<string, string> {
  const { checks } = JSON.parse(report) as { readonly checks?: Readonly<Record<string, string>> };
  return Object.fromEntries(Object.entries(checks ?? {}).filter(([, state]) => state !== 'ok'));
}
