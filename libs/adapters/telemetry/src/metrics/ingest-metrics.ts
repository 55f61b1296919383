import { Counter, Gauge, Histogram } from 'prom-client';
import type { Registry } from 'prom-client';
import { DURATION_BUCKETS } from './buckets';

/** Why a request was refused as a whole. */
const REFUSALS = [
  'unauthorized',
  'forbidden',
  'unknown_stream',
  'unsupported',
  'unreadable',
  'too_large',
  'too_slow',
  'rate_limited',
  'overloaded',
  'unavailable',
] as const;

export type Refusal = (typeof REFUSALS)[number];

/** What the gateway measures: per body, never per event. */
export interface IngestMetrics {
  /** @param status what the caller was told: `202`, `429`, `OK`, `UNAVAILABLE` … */
  answered(transport: 'http' | 'grpc', status: string, seconds: number): void;
  refused(door: 'http' | 'grpc', code: Refusal): void;
  accepted(stream: string, events: number, bytes: number): void;
  rejected(stream: string, reason: string, events: number): void;
  appended(stream: string, seconds: number): void;
  unavailable(stream: string): void;
}

/** Registers the metrics of the gateway. @param inFlightBytes asked at each scrape */
export function createIngestMetrics(registry: Registry, inFlightBytes: () => number): IngestMetrics {
  const registers = [registry];
  const requests = new Histogram({
    name: 'tillstream_ingest_request_seconds',
    help: 'From the headers of a request to its answer, by what the caller was told.',
    labelNames: ['transport', 'status'],
    buckets: DURATION_BUCKETS,
    registers,
  });
  const refused = new Counter({
    name: 'tillstream_refused_requests_total',
    help: 'Requests that were refused as a whole, by the door they came to and the reason.',
    labelNames: ['door', 'code'],
    registers,
  });
  for (const door of ['http', 'grpc']) for (const code of REFUSALS) refused.inc({ door, code }, 0);
  const events = new Counter({
    name: 'tillstream_ingest_events_total',
    help: 'Events acknowledged to their senders.',
    labelNames: ['stream'],
    registers,
  });
  const bytes = new Counter({
    name: 'tillstream_ingest_body_bytes_total',
    help: 'Bytes of the bodies that events were acknowledged from, decoded.',
    labelNames: ['stream'],
    registers,
  });
  const rejected = new Counter({
    name: 'tillstream_ingest_rejected_total',
    help: 'Events returned to their senders, by reason.',
    labelNames: ['stream', 'reason'],
    registers,
  });
  const appends = new Histogram({
    name: 'tillstream_ingest_append_seconds',
    help: 'From a body split to its acknowledgement by the log.',
    labelNames: ['stream'],
    buckets: DURATION_BUCKETS,
    registers,
  });
  const unavailable = new Counter({
    name: 'tillstream_ingest_unavailable_total',
    help: 'Bodies that the log did not acknowledge in time.',
    labelNames: ['stream'],
    registers,
  });
  new Gauge({
    name: 'tillstream_ingest_in_flight_bytes',
    help: 'Bytes of bodies being read or waiting for the log.',
    registers,
    collect() {
      this.set(inFlightBytes());
    },
  });
  return {
    answered: (transport, status, seconds) => requests.observe({ transport, status }, seconds),
    refused: (door, code) => refused.inc({ door, code }),
    accepted: (stream, count, size) => {
      events.inc({ stream }, count);
      bytes.inc({ stream }, size);
    },
    rejected: (stream, reason, count) => rejected.inc({ stream, reason }, count),
    appended: (stream, seconds) => appends.observe({ stream }, seconds),
    unavailable: (stream) => unavailable.inc({ stream }),
  };
}
