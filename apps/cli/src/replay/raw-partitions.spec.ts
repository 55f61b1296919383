import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeRawRecord, parseStreamFile, type StreamDefinition } from '@tillstream/contracts';
import { emptyPosition, encodeEventBatch, RawEnricher } from '@tillstream/core';
import { MemoryBroker, MemoryLogReader, MemoryLogWriter } from '@tillstream/engine/testing';
import { checkNotBehind } from './check-not-behind';
import { decideEverywhere, readProgress } from './raw-partitions';

const MINUTE = 60_000;
const START_MS = Date.parse('2026-03-01T09:00:00Z');
const turn = { wait: () => Promise.resolve('ready' as const) };
const nowMs = (): number => START_MS + 60 * MINUTE;

function commerce(): StreamDefinition {
  const file = join(__dirname, '../../../../deploy/streams/commerce.yaml');
  const parsed = parseStreamFile(readFileSync(file, 'utf8'), { file });
  if (!parsed.ok) throw new Error('the shipped stream file is broken');
  return parsed.definition;
}

function setUp() {
  const definition = commerce();
  const broker = new MemoryBroker(nowMs);
  broker.createTopic(definition.topics.raw, 4, true);
  broker.createTopic(definition.topics.enriched, 4, false);
  const reader = new MemoryLogReader(broker, turn, nowMs);
  const writer = new MemoryLogWriter(broker, turn);
  /** What the enricher does with everything in a raw partition. */
  const enrich = (partition: number): void => {
    const { schema, topics } = definition;
    const enricher = new RawEnricher({ schema, partition, next: 0, position: emptyPosition() });
    const { batch } = enricher.apply(broker.all(topics.raw, partition).map(decodeRawRecord));
    broker.append(topics.enriched, partition, [{ key: null, value: encodeEventBatch(batch) }]);
  };
  const notes: string[] = [];
  const check = (timeMs: number) => checkNotBehind(reader, definition, timeMs, (text) => notes.push(text));
  return { definition, broker, reader, writer, enrich, notes, check };
}

describe('raw partitions under a replay', () => {
  it('all get the decision', async () => {
    const { definition, broker, writer } = setUp();
    await decideEverywhere(writer, definition, { kind: 'hold' });
    for (let partition = 0; partition < 4; partition += 1) {
      const controls = broker.all(definition.topics.raw, partition).map((record) => decodeRawRecord(record).control);
      expect(controls.map((control) => control?.kind)).toEqual(['hold']);
    }
  });

  it('say how far the enricher has come', async () => {
    const { definition, writer, reader, enrich } = setUp();
    await decideEverywhere(writer, definition, { kind: 'advance', toMs: START_MS });
    enrich(2);
    await decideEverywhere(writer, definition, { kind: 'release' });
    expect(await readProgress(reader, definition)).toEqual([
      { partition: 0, watermarkInputMs: -Infinity, behind: 2 },
      { partition: 1, watermarkInputMs: -Infinity, behind: 2 },
      { partition: 2, watermarkInputMs: START_MS, behind: 1 },
      { partition: 3, watermarkInputMs: -Infinity, behind: 2 },
    ]);
  });

  it('refuse times that any of them has left behind, and say so when the enricher is not done', async () => {
    const { definition, writer, enrich, check, notes } = setUp();
    await check(0);
    expect(notes).toEqual([]);
    await decideEverywhere(writer, definition, { kind: 'advance', toMs: START_MS });
    enrich(3);
    // The revenue windows of 8:58:29 begin to close at 8:58:30, a minute before 8:59:30.
    await expect(check(START_MS - 91_000)).rejects.toMatchObject({
      message: expect.stringContaining('windows of revenue_by_category that would hold them are closed') as string,
      remedy: expect.stringContaining('--allow-late') as string,
    });
    await check(START_MS - 59_000);
    expect(notes).toEqual([expect.stringContaining('the enricher has 3 records to go')]);
  });
});
