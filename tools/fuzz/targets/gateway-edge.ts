import { hashOfKey } from '@tillstream/config';
import { BufferPool } from '@tillstream/core';
import { keyEntries, KeyLimits, KeyRing } from '@tillstream/doors';
import type { LogWriter } from '@tillstream/engine';

import { ByteBudget } from '../../../apps/gateway/src/ingest/byte-budget';
import type { IngestEdge } from '../../../apps/gateway/src/ingest/ingest-edge';
import { ingestStreamOf } from '../../../apps/gateway/src/ingest/ingest-stream';
import { Publisher } from '../../../apps/gateway/src/ingest/publisher';
import { expectSame, promise } from '../fuzz-target';

import { commerceDefinition } from './commerce';

/** Small, so that a short input can be too large for it. */
export const MAX_BODY_BYTES = 64 * 1024;
export const LIMITS = { maxBodyBytes: MAX_BODY_BYTES, retryAfterMs: 1_000 };
export const KEY = 'a-write-key';

/** The gateway behind its two doors, with a log that takes everything and counts. */
export class GatewayEdge {
  readonly edge: IngestEdge;
  private readonly budget = new ByteBudget(4 * MAX_BODY_BYTES, MAX_BODY_BYTES);
  private rows = 0;

  constructor() {
    const stream = ingestStreamOf(commerceDefinition());
    const observer = { published: noted, appended: noted, unavailable: noted, answered: noted };
    const clock = { monotonicMs: () => 0, nowMs: () => 0, sleep: () => Promise.resolve() };
    const writer: LogWriter = {
      append: (_topic, _partition, records) => {
        for (const { value } of records)
          this.rows += (JSON.parse(Buffer.from(value ?? []).toString('latin1')) as unknown[]).length;
        return Promise.resolve(0);
      },
    };
    const pool = new BufferPool(4 * MAX_BODY_BYTES);
    const ports = { writer, clock, observer, traceHeaders: () => ({}), pool };
    const publisher = new Publisher(ports, { appendTimeoutMs: 600_000, retryAfterMs: LIMITS.retryAfterMs });
    this.edge = {
      isOpen: () => true,
      streams: new Map([[stream.name, stream]]),
      keys: new KeyRing(keyEntries([{ sha256: hashOfKey(KEY), streams: null }])),
      limits: new KeyLimits(),
      budget: this.budget.http,
      pool,
      publisher,
      observer,
      clock,
    };
  }

  begin(): void {
    this.rows = 0;
  }

  /** What every answer promises: the log has as many rows as it says, and nothing of the body stays in memory. */
  check(accepted: number): void {
    expectSame('accepted rows', accepted, this.rows);
    promise(this.budget.inFlight === 0, `${this.budget.inFlight} bytes stay reserved`);
  }
}

function noted(): void {
  return;
}
