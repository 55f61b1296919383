import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { feedTables, type FeedTable } from '@tillstream/contracts';
import { PartitionLog } from '@tillstream/core/testing';
import { SinkRefusedError, SinkUnavailableError } from '@tillstream/engine';
import { sinkStream } from '@tillstream/engine/testing';

import { LakeUnderTest } from '../testing/lake-under-test';

const AT_MS = Date.UTC(2026, 0, 5, 12);
const RECORDS = 3_000;
const definition = sinkStream();
const [table] = feedTables(definition, 'events') as readonly [FeedTable];
const fail = () => Promise.reject(new Error('the lake refuses nothing'));

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tillstream-lake-disk-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** Some megabytes that do not become fewer by compression. */
function largeLog(): PartitionLog {
  const entries = Array.from({ length: RECORDS }, (_, offset) => {
    const user = randomBytes(1_000).toString('base64');
    return { offset, appendMs: AT_MS, rows: [{ id: `e${offset}`, at: AT_MS, user, kind: 'view' }] };
  });
  return new PartitionLog(definition.schema, 0, entries);
}

describe('the lake on a disk', () => {
  it('says that it is full, loses nothing, and goes on by itself when there is room', async () => {
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', directory], { stdio: 'pipe' });
    } catch (error) {
      process.stderr.write(`skipped: a full disk: ${error instanceof Error ? error.message : String(error)}\n`);
      return;
    }
    const lake = await LakeUnderTest.create(definition);
    const sink = lake.connect({}, definition, undefined, join(directory, 'lake'));
    try {
      await sink.prepare();
      const partition = await sink.open('events', 0, [table]);
      const batch = largeLog().batch(0, RECORDS);
      const selected = Uint32Array.from({ length: RECORDS }, (_, row) => row);
      await partition.add({ from: 0, next: RECORDS, rows: { kind: 'columns', table, batch, selected } });
      for (const _attempt of [1, 2]) {
        const told = await partition.flush(fail).catch((cause: unknown) => cause);
        expect(told).toBeInstanceOf(SinkUnavailableError);
        expect((told as Error).message).toMatch(/is full.*Make room; nothing is lost, and it goes on by itself/s);
      }
      expect(partition.pending.rows).toBe(RECORDS);
      execFileSync('mount', ['-o', 'remount,size=64m', directory]);
      await partition.flush(fail);
      expect(partition.next).toBe(RECORDS);
      const files = `read_parquet('${directory}/lake/sunk/events/*/*.parquet', hive_partitioning = false)`;
      expect(await lake.rows(`SELECT count(*) AS rows, count(DISTINCT _offset) AS distinct FROM ${files}`)).toEqual([
        { rows: String(RECORDS), distinct: String(RECORDS) },
      ]);
    } finally {
      await sink.close();
      await lake.close();
      execFileSync('umount', ['--lazy', directory]);
    }
  });

  it('is refused where a file stands in its way, with the remedy', async () => {
    writeFileSync(join(directory, 'lake'), '');
    const lake = await LakeUnderTest.create(definition);
    const sink = lake.connect({}, definition, undefined, join(directory, 'lake'));
    await expect(sink.prepare()).rejects.toThrow(SinkRefusedError);
    await expect(sink.prepare()).rejects.toThrow(/is not a directory.*Declare a directory/s);
    await sink.close();
    await lake.close();
  });

  it('is refused by name when a column of a table has become of another type', async () => {
    const lake = await LakeUnderTest.create(definition);
    const sink = lake.connect();
    const partition = await sink.open('events', 0, [table]);
    const batch = new PartitionLog(definition.schema, 0, [
      { offset: 0, appendMs: AT_MS, rows: [{ id: 'e', at: AT_MS, user: 'u', kind: 'view' }] },
    ]).batch(0, 1);
    await partition.add({ from: 0, next: 1, rows: { kind: 'columns', table, batch, selected: Uint32Array.of(0) } });
    await partition.flush(fail);
    const columns = table.columns.map((column) =>
      column.name === 'pieces' ? { ...column, type: 'string' as const } : column,
    );
    const opened = sink.open('events', 1, [{ ...table, columns }]);
    await expect(opened).rejects.toThrow(SinkRefusedError);
    await expect(opened).rejects.toThrow(/has a column pieces \(long\) already, so it cannot have pieces \(string\)/);
    await sink.close();
    await lake.close();
  });
});
