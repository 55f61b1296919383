import * as fc from 'fast-check';
import type { DataFile, TableSnapshot } from '../table/table-snapshot';
import { COMPACTION, planCompaction } from './compaction-plan';

const KIB = 1024;
const MIB = 1024 ** 2;
const NOW = Date.UTC(2026, 0, 6);

function aSnapshot(files: readonly DataFile[]): TableSnapshot {
  return {
    ...{ version: 1, columns: [], partitionBy: ['date', 'shop'], positions: new Map(), removed: new Map() },
    files: new Map(files.map((file) => [file.path, file])),
    identity: { id: '', createdMs: 0, configuration: {} },
  };
}

function aFile(path: string, bytes: number, more: Partial<DataFile> = {}): DataFile {
  const partition = { date: '2026-01-05', shop: null };
  return { path, bytes, rows: 1, partition, min: {}, max: {}, addedMs: NOW, ...more };
}

const planned = (files: readonly DataFile[]) =>
  planCompaction(aSnapshot(files), COMPACTION, NOW).map((group) => group.map(({ path }) => path));

const several = (count: number, bytes: number, more: Partial<DataFile> = {}) =>
  Array.from({ length: count }, (_, i) => aFile(`${bytes}-${i}`, bytes, more));

describe('what is compacted', () => {
  it('is so many files of one directory that it is worth it', () => {
    expect(planned(several(7, 10 * KIB))).toEqual([]);
    expect(planned(several(8, 10 * KIB))[0]).toHaveLength(8);
  });

  it('is few files as well where no more come', () => {
    const settled = { addedMs: NOW - COMPACTION.settledMs };
    expect(planned(several(2, 10 * KIB, settled))[0]).toHaveLength(2);
    expect(planned(several(1, 10 * KIB, settled))).toEqual([]);
  });

  it('is never files of two directories', () => {
    const shops = ['a', 'b', null, ''].map((shop) => ({ date: '2026-01-05', shop }));
    const files = shops.flatMap((partition, i) =>
      several(8, 10 * KIB, { partition }).map((file) => ({ ...file, path: `${i}/${file.path}` })),
    );
    const groups = planned(files);
    expect(groups).toHaveLength(4);
    for (const group of groups) expect(new Set(group.map((path) => path[0])).size).toBe(1);
  });

  it('is files of nearly one size, whatever that is, and whatever stands below', () => {
    for (const bytes of [KIB, 300 * KIB, MIB, 10 * MIB]) {
      const files = Array.from({ length: 10 }, (_, i) => aFile(`${i}`, bytes + 7 * i));
      expect(planned(files)[0]).toHaveLength(10);
      expect(planned([aFile('tiny', 3), ...files])[0]?.length).toBeGreaterThanOrEqual(10);
    }
  });

  it('is no large file for the sake of small ones', () => {
    expect(planned([...several(8, 300 * KIB), aFile('large', 60 * MIB)])[0]).not.toContain('large');
    const settled = { addedMs: NOW - COMPACTION.settledMs };
    expect(planned([aFile('tiny', 10 * KIB, settled), aFile('large', 60 * MIB, settled)])).toEqual([]);
  });

  it('ends, writes no row more often than its file can grow, and leaves few files', () =>
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 4 * MIB }), { maxLength: 300 }), (sizes) => {
        let files: DataFile[] = [];
        let written = 0;
        const compact = (nowMs: number) => {
          for (;;) {
            const [group] = planCompaction(aSnapshot(files), COMPACTION, nowMs);
            if (group === undefined) return;
            const bytes = group.reduce((sum, file) => sum + file.bytes, 0);
            expect(bytes).toBeLessThanOrEqual(COMPACTION.targetBytes);
            written += bytes;
            files = files.filter((file) => !group.includes(file)).concat(aFile(`c${written}`, bytes));
          }
        };
        sizes.forEach((bytes, i) => {
          files.push(aFile(`f${i}`, bytes));
          compact(NOW);
        });
        const all = sizes.reduce((sum, bytes) => sum + bytes, 0);
        expect(files.reduce((sum, file) => sum + file.bytes, 0)).toBe(all);
        expect(written).toBeLessThanOrEqual(all * 16);
        expect(files.filter(({ bytes }) => bytes < COMPACTION.targetBytes / 2).length).toBeLessThan(80);
      }),
      { numRuns: 40 },
    ));
});
