import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LakeTable, ObjectStore } from '@tillstream/adapter-lake';
import { MemoryBroker, MemoryLogReader, ImmediateTurn } from '@tillstream/engine/testing';
import type { OpenedLake } from './open-lake';
import { restartChains } from './restart-chains';

const TOPIC = 'shop.metrics.v1';

describe('the chains of a topic that was made anew', () => {
  const directory = mkdtempSync(join(tmpdir(), 'till-restart-'));
  let store: ObjectStore;
  let table: LakeTable;

  beforeAll(async () => {
    const { LakeTable, NO_ACCESS, openObjectStore } = await import('@tillstream/adapter-lake');
    store = openObjectStore(directory, NO_ACCESS);
    await store.prepare();
    table = new LakeTable(store, 'shop/finals');
    for (const [partition, next] of [5, 9, 3].entries()) {
      await table.commit((now) => ({
        ...(now === null ? { columns: [{ name: 'id', type: 'string' }], partitionBy: [] } : {}),
        ...{ add: [], remove: [], dataChange: true },
        position: { appId: `finals/${partition}`, from: 0, next },
      }));
    }
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  it('begin where it begins, and others go on', async () => {
    const broker = new MemoryBroker(() => 0);
    broker.createTopic(TOPIC, 3, true);
    const record = { key: Buffer.from('f'), value: Buffer.from('{}') };
    for (const [partition, count] of [5, 4, 7].entries()) broker.append(TOPIC, partition, Array(count).fill(record));
    broker.trim(TOPIC, 1, 1);
    const reader = new MemoryLogReader(broker, new ImmediateTurn(() => 0), () => 0);
    const lake = { table: () => table } as unknown as OpenedLake;
    await restartChains('finals', { lake, reader, topic: TOPIC, partitions: 3 });
    expect([...((await table.snapshot())?.positions ?? [])]).toEqual([
      ...[['finals/0', 5], ['finals/1', 1], ['finals/2', 3]], // prettier-ignore
    ]);
  });
});
