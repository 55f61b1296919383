import { InvalidArgumentError } from 'commander';

/** Where a trace back end shows a trace of that id to people. */
export type TraceLink = (traceId: string) => string;

const PLACEHOLDER = '{trace}';
/** On which Zipkin listens unless it is told otherwise. */
const ZIPKIN_PORT = '9411';

/**
 * The address of a trace back end's pages: Jaeger's, Zipkin's (known by its port, or by `/zipkin` at the end), or with `{trace}` where
 * anybody else's wants the id.
 */
export function parseTraceLink(text: string): TraceLink {
  const hasPlace = text.includes(PLACEHOLDER);
  const url = URL.parse(text.replaceAll(PLACEHOLDER, 'id'));
  const isPage = url !== null && ['http:', 'https:'].includes(url.protocol);
  if (!isPage || (!hasPlace && url.search + url.hash !== '')) {
    throw new InvalidArgumentError(
      'the pages of a trace back end look like http://localhost:16686 (Jaeger), http://localhost:9411/zipkin, ' +
        `or https://traces.example/view?id=${PLACEHOLDER} where the id stands elsewhere`,
    );
  }
  if (hasPlace) return (traceId) => text.replaceAll(PLACEHOLDER, traceId);
  const base = url.origin + url.pathname.replace(/\/+$/, '');
  if (base.endsWith('/zipkin')) return (traceId) => `${base}/traces/${traceId}`;
  if (url.port === ZIPKIN_PORT) return (traceId) => `${base}/zipkin/traces/${traceId}`;
  return (traceId) => `${base}/trace/${traceId}`;
}
