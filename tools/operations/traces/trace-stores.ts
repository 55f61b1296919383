import { startJaeger, startZipkin } from '@tillstream/local';

/** A span as somebody finds it in a trace back end. */
export interface StoredSpan {
  readonly service: string;
  readonly name: string;
  readonly id: string;
  readonly parentId: string | null;
  readonly tags: Readonly<Record<string, string>>;
}

/** A running trace back end, asked by its own API. */
export interface TraceStore {
  readonly address: string;
  /** The address of its pages for people, and of the one that shows a trace. */
  readonly pages: string;
  pageOf(traceId: string): string;
  /** What tells services to send their spans there. */
  readonly environment: Readonly<Record<string, string>>;
  /** All spans of a trace; none while there is no such trace. */
  trace(traceId: string): Promise<readonly StoredSpan[]>;
  /** Spans of the newest traces that have a tag. */
  tagged(service: string, tag: string, value: string): Promise<readonly StoredSpan[]>;
  stop(): Promise<void>;
}

interface ZipkinSpan {
  readonly id: string;
  readonly parentId?: string;
  readonly name?: string;
  readonly localEndpoint?: { readonly serviceName?: string };
  readonly tags?: Record<string, string>;
}

interface JaegerTraces {
  readonly data:
    | readonly {
        readonly spans: readonly {
          readonly spanID: string;
          readonly operationName: string;
          readonly processID: string;
          readonly references: readonly { readonly refType: string; readonly spanID: string }[];
          readonly tags: readonly { readonly key: string; readonly value: unknown }[];
        }[];
        readonly processes: Readonly<Record<string, { readonly serviceName: string }>>;
      }[]
    | null;
}

/** Null, having said so, where Zipkin cannot be had. */
export async function zipkin(dataDir: string): Promise<TraceStore | null> {
  const server = await startZipkin({ dataDir }).catch((error: unknown) => skipped('Zipkin', String(error)));
  if (!server) return null;
  const { address, environment } = server;
  const pages = `${address}/zipkin`;
  return {
    ...{ address, pages, environment },
    pageOf: (traceId) => `${pages}/traces/${traceId}`,
    trace: async (traceId) => {
      const answer = await fetch(`${address}/api/v2/trace/${traceId}`);
      return answer.ok ? ((await answer.json()) as ZipkinSpan[]).map(ofZipkin) : [];
    },
    tagged: async (service, tag, value) => {
      const query = new URLSearchParams({ serviceName: service, annotationQuery: `${tag}=${value}`, limit: '20' });
      const traces = (await (await fetch(`${address}/api/v2/traces?${query.toString()}`)).json()) as ZipkinSpan[][];
      return traces.flat().map(ofZipkin).filter(has(tag, value));
    },
    stop: () => server.stop(),
  };
}

/** Null, having said so, where there is no Jaeger: it is not in any registry of packages, and is built from source in ten minutes. */
export async function jaeger(dataDir: string): Promise<TraceStore | null> {
  const server = await startJaeger({ dataDir });
  if (!server) return skipped('Jaeger', 'no `jaeger` on the PATH or in the cache directory, and no Docker engine');
  const { address, environment } = server;
  const ask = async (path: string): Promise<readonly StoredSpan[]> => {
    const answer = await fetch(`${address}/api/traces${path}`);
    return answer.ok ? ofJaeger((await answer.json()) as JaegerTraces) : [];
  };
  return {
    ...{ address, pages: address, environment },
    pageOf: (traceId) => `${address}/trace/${traceId}`,
    trace: (traceId) => ask(`/${traceId}`),
    tagged: async (service, tag, value) => {
      const query = new URLSearchParams({ service, tags: JSON.stringify({ [tag]: value }), limit: '20' });
      return (await ask(`?${query.toString()}`)).filter(has(tag, value));
    },
    stop: () => server.stop(),
  };
}

function ofZipkin({ id, parentId, name = '', localEndpoint, tags = {} }: ZipkinSpan): StoredSpan {
  return { service: localEndpoint?.serviceName ?? '', name, id, parentId: parentId ?? null, tags };
}

function ofJaeger({ data }: JaegerTraces): readonly StoredSpan[] {
  return (data ?? []).flatMap(({ spans, processes }) =>
    spans.map(({ spanID, operationName, processID, references, tags }) => ({
      service: processes[processID]?.serviceName ?? '',
      name: operationName,
      id: spanID,
      parentId: references.find(({ refType }) => refType === 'CHILD_OF')?.spanID ?? null,
      tags: Object.fromEntries(tags.map(({ key, value }) => [key, String(value)])),
    })),
  );
}

const has =
  (tag: string, value: string) =>
  ({ tags }: StoredSpan): boolean =>
    tags[tag] === value;

function skipped(what: string, why: string): null {
  process.stderr.write(`skipped: traces in ${what}: ${why}\n`);
  return null;
}
