import type { StreamDefinition } from '@tillstream/contracts';
import { parseStreamFile } from '@tillstream/contracts';
import type { EventBatch } from '@tillstream/core';
import { decodeEventBatch } from '@tillstream/core';
import { readFileSync } from 'node:fs';
import { ImmediateTurn } from '../memory/immediate-turn';
import { MemoryBroker } from '../memory/memory-broker';
import { MemoryCheckpointStore, MemoryStoreData } from '../memory/memory-checkpoint-store';
import { MemoryLogReader, MemoryLogWriter } from '../memory/memory-log';
import type { LogWriter, PartitionSource } from '../ports/log';
import { SourceRevokedError } from '../ports/log';
import { silentTelemetry } from '../ports/telemetry';
import { SeededRandom } from '../simulation/seeded-random';
import type { TaskPorts } from '../task/task-ports';
import { EnricherTask } from './enricher-task';

const NOW_MS = Date.UTC(2026, 0, 5, 12);
const RECORDS = 6;
/** How often a task looks for more records before somebody takes its partition away. */
const ENOUGH_LOOKS = 50;
const utf8 = new TextEncoder();

function shop(): StreamDefinition {
  const parsed = parseStreamFile(readFileSync('deploy/streams/commerce.yaml', 'utf8'), { file: 'commerce.yaml' });
  if (!parsed.ok) throw new Error('the shipped stream file has problems');
  return parsed.definition;
}

/** One partition of a log with six raw records, and an enricher that is opened again and again. */
class Shop {
  readonly definition = shop();
  private readonly broker = new MemoryBroker(() => NOW_MS);
  private readonly turn = new ImmediateTurn(() => NOW_MS);
  private readonly ports: TaskPorts = {
    writer: new MemoryLogWriter(this.broker, this.turn),
    reader: new MemoryLogReader(this.broker, this.turn, () => NOW_MS),
    store: new MemoryCheckpointStore(new MemoryStoreData(), this.turn),
    clock: { nowMs: () => NOW_MS, monotonicMs: () => NOW_MS, sleep: () => Promise.resolve() },
    random: new SeededRandom(1),
    telemetry: silentTelemetry,
  };

  constructor() {
    const { raw, enriched, deadLetters, gaps, definitions } = this.definition.topics;
    for (const topic of [raw, enriched, deadLetters, gaps, definitions])
      this.broker.createTopic(topic, 1, topic === raw);
    for (let n = 0; n < RECORDS; n += 1) this.broker.append(raw, 0, [{ key: null, value: utf8.encode(`{"n":${n}}`) }]);
  }

  /** Enriches the records below `until`, one by one; the group's offset is said to be `committed`. */
  async enrich(until: number, committed: number | null | (() => Promise<number | null>)): Promise<void> {
    const { raw } = this.definition.topics;
    let next = 0;
    const source: PartitionSource = {
      topic: raw,
      partition: 0,
      seek: (offset) => (next = offset),
      next: () => {
        if (next >= until) return Promise.reject(new SourceRevokedError(raw, 0));
        next += 1;
        return Promise.resolve(this.broker.slice(raw, 0, next - 1, 1));
      },
      logEndOffset: () => RECORDS,
      commit: () => undefined,
      isRevoked: () => false,
    };
    const offset = typeof committed === 'function' ? committed : () => Promise.resolve(committed);
    const task = await EnricherTask.open(this.ports, this.definition, source, offset);
    await expect(task.run()).rejects.toThrow(SourceRevokedError);
    await new Promise(setImmediate); // the last batch is still on its way
  }

  /** Enriches what there is, record by record; then the log is idle. Appends to `enriched` from the n-th on fail. */
  async enrichIdly(failFrom: number): Promise<unknown> {
    const { raw, enriched } = this.definition.topics;
    let next = 0;
    let appends = 0;
    let looks = 0;
    const inner = this.ports.writer;
    const writer: LogWriter = {
      append: async (topic, partition, records) => {
        if (topic === enriched && ++appends >= failFrom) {
          await new Promise(setImmediate); // what comes meanwhile waits behind it
          throw new Error('the broker is gone');
        }
        return inner.append(topic, partition, records);
      },
    };
    const source: PartitionSource = {
      topic: raw,
      partition: 0,
      seek: (offset) => (next = offset),
      next: async () => {
        if (next < RECORDS) return this.broker.slice(raw, 0, next++, 1);
        await new Promise(setImmediate);
        if (++looks > ENOUGH_LOOKS) throw new SourceRevokedError(raw, 0);
        return null;
      },
      logEndOffset: () => RECORDS,
      commit: () => undefined,
      isRevoked: () => false,
    };
    const ports = { ...this.ports, writer };
    const task = await EnricherTask.open(ports, this.definition, source, () => Promise.resolve(null));
    return task.run().catch((cause: unknown) => cause);
  }

  batches(): EventBatch[] {
    const records = this.broker.all(this.definition.topics.enriched, 0);
    return records.map(({ value }) => decodeEventBatch(value ?? new Uint8Array()));
  }

  ranges(): string[] {
    return this.batches().map(({ rawFrom, rawNext }) => `[${rawFrom}, ${rawNext})`);
  }
}

describe('an enricher that is opened again', () => {
  it.each([0, 1, 5, RECORDS, null])(
    'goes on behind its own last batch, whatever the group says: %p',
    async (offset) => {
      const stage = new Shop();
      await stage.enrich(3, null);
      await stage.enrich(RECORDS, offset);
      expect(stage.ranges()).toEqual(['[0, 1)', '[1, 2)', '[2, 3)', '[3, 4)', '[4, 5)', '[5, 6)']);
    },
  );

  it('knows what stood before it, though another owner writes its first batches while it asks where the group is', async () => {
    const stage = new Shop();
    await stage.enrich(RECORDS, async () => {
      await stage.enrich(RECORDS - 1, null);
      return RECORDS - 1;
    });
    const last = stage.batches().at(-1);
    expect(last).toMatchObject({ rawFrom: RECORDS - 1, rawNext: RECORDS });
    expect(last?.before.maxAppendMs).toBe(NOW_MS);
  });

  it('begins where the group says as long as it has written nothing', async () => {
    const stage = new Shop();
    await stage.enrich(RECORDS, 4);
    expect(stage.ranges()).toEqual(['[4, 5)', '[5, 6)']);
  });
});

describe('an enricher whose batch did not get into the log', () => {
  it.each([1, RECORDS])('ends, although no record comes that it could enrich: append %i', async (failFrom) => {
    const stage = new Shop();
    await expect(stage.enrichIdly(failFrom)).resolves.toEqual(new Error('the broker is gone'));
    await stage.enrich(RECORDS, null);
    expect(stage.ranges().at(-1)).toBe(`[${RECORDS - 1}, ${RECORDS})`);
  });
});
