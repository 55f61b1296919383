import { Counter, Gauge } from 'prom-client';
import type { Registry } from 'prom-client';

/** What a connector measures: per connection and body, never per event. */
export interface ConnectorMetrics {
  opened(stream: string): void;
  /** @param reason why a connection ended or was not made */
  closed(stream: string, reason: string): void;
  received(stream: string, events: number): void;
  delivered(stream: string, events: number): void;
  rejected(stream: string, reason: string): void;
  notDelivered(stream: string): void;
}

/** Registers the metrics of a connector. @param queuedBytes asked at each scrape */
export function createConnectorMetrics(registry: Registry, queuedBytes: () => number): ConnectorMetrics {
  const registers = [registry];
  const connected = new Gauge({
    name: 'tillstream_connector_connected',
    help: '1 while the source is being read.',
    labelNames: ['stream'],
    registers,
  });
  const connections = new Counter({
    name: 'tillstream_connector_disconnects_total',
    help: 'Connections to the source that ended or were not made, by reason.',
    labelNames: ['stream', 'reason'],
    registers,
  });
  const received = new Counter({
    name: 'tillstream_connector_received_total',
    help: 'Events read from the source; some of them come again after a connection broke.',
    labelNames: ['stream'],
    registers,
  });
  const delivered = new Counter({
    name: 'tillstream_connector_delivered_total',
    help: 'Events that the gateway has acknowledged.',
    labelNames: ['stream'],
    registers,
  });
  const rejected = new Counter({
    name: 'tillstream_connector_rejected_total',
    help: 'Events that the gateway refused, by reason.',
    labelNames: ['stream', 'reason'],
    registers,
  });
  const failures = new Counter({
    name: 'tillstream_connector_delivery_failures_total',
    help: 'Attempts to deliver a body after which it was sent again.',
    labelNames: ['stream'],
    registers,
  });
  new Gauge({
    name: 'tillstream_connector_queued_bytes',
    help: 'Bytes of events that wait for the gateway.',
    registers,
    collect() {
      this.set(queuedBytes());
    },
  });
  return {
    opened: (stream) => connected.set({ stream }, 1),
    closed: (stream, reason) => {
      connected.set({ stream }, 0);
      connections.inc({ stream, reason });
    },
    received: (stream, events) => received.inc({ stream }, events),
    delivered: (stream, events) => delivered.inc({ stream }, events),
    rejected: (stream, reason) => rejected.inc({ stream, reason }),
    notDelivered: (stream) => failures.inc({ stream }),
  };
}
