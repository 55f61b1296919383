import { parseSamples, Samples } from './samples';

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
export async function lookAtService(url: string, nowMs: () => number): Promise<ServiceLook> {
  const base = { url, name: null, missing: {}, clockAheadMs: null, samples: new Samples([]) };
  try {
    const [ready, metrics] = await Promise.all([ask(url, 'readyz'), ask(url, 'metrics')]);
    const samples = parseSamples(metrics.text);
    const name = samples.all.find(({ labels }) => labels['service'] !== undefined)?.labels['service'] ?? null;
    const toldMs = Date.parse(metrics.date);
    return {
      ...{ url, name, samples, missing: missingIn(ready.text) },
      trouble: name === null ? `what answers at ${url} is none of the services` : null,
      clockAheadMs: Number.isNaN(toldMs) ? null : toldMs - nowMs(),
    };
  } catch (error) {
    return { ...base, trouble: messageOf(error) };
  }
}

async function ask(url: string, path: string): Promise<{ readonly text: string; readonly date: string }> {
  const response = await fetch(new URL(path, `${url.replace(/\/$/, '')}/`), {
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  return { text: await response.text(), date: response.headers.get('date') ?? '' };
}

function missingIn(report: string): Record<string, string> {
  const { checks } = JSON.parse(report) as { readonly checks?: Readonly<Record<string, string>> };
  return Object.fromEntries(Object.entries(checks ?? {}).filter(([, state]) => state !== 'ok'));
}

/** fetch says only that it failed, and puts why into the cause. */
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return `no answer within ${TIMEOUT_MS / 1000} s`;
  return error.cause instanceof Error && error.cause.message !== '' ? error.cause.message : error.message;
}
