import type { KeptRecord } from './restore-records';
import { OtherRecordStandsError, restoreRecords } from './restore-records';
import { definition, final, smallLog } from './stored.fixture';

const { metrics: topic } = definition.topics;

const kept = (partition: number, ...records: ReturnType<typeof final>[]): KeptRecord[] =>
  records.map(({ key, value }) => ({ partition, key, value }));

describe('records that are restored', () => {
  const run = (log: ReturnType<typeof smallLog>, ...portions: KeptRecord[][]) =>
    restoreRecords({
      ...{ reader: log.reader, writer: log.writer, topic, partitions: 2, onProgress: () => undefined },
      kept: async (take) => {
        for (const portion of portions) await take(portion);
      },
    });
  const texts = ({ broker }: ReturnType<typeof smallLog>, partition: number) =>
    broker
      .log(topic, partition)
      .records.map(({ key, value }) => [Buffer.from(key ?? []), Buffer.from(value ?? [])].join(' '));

  it('stand where they stood, in their order, byte for byte', async () => {
    const log = smallLog();
    const [a, b, c] = [final('a'), final('b'), final('c', 3)];
    expect(await run(log, [...kept(0, a, b), ...kept(1, c)], kept(1, a))).toEqual({ published: 4, standing: 0 });
    expect(texts(log, 0)).toEqual([a, b].map(({ key, value }) => `${String(key)} ${String(value)}`));
    expect(texts(log, 1)).toEqual([c, a].map(({ key, value }) => `${String(key)} ${String(value)}`));
  });

  it('are published once, however often the restoring is interrupted and repeated', async () => {
    const log = smallLog();
    const all = Array.from({ length: 20 }, (_, i) => final(`c${i}`));
    log.broker.append(topic, 0, [{ key: Buffer.from('w|x|0'), value: Buffer.from('{}') }, ...all.slice(3, 5)]);
    await expect(
      restoreRecords({
        ...{ reader: log.reader, writer: log.writer, topic, partitions: 2, onProgress: () => undefined },
        kept: async (take) => {
          await take(kept(0, ...all.slice(0, 8)));
          throw new Error('cut');
        },
      }),
    ).rejects.toThrow('cut');
    expect(await run(log, kept(0, ...all))).toEqual({ published: 12, standing: 8 });
    expect(await run(log, kept(0, ...all))).toEqual({ published: 0, standing: 20 });
    expect(new Set(texts(log, 0)).size).toBe(21);
    expect(texts(log, 0)).toHaveLength(21);
  });

  it('are too large for one append, and come in several', async () => {
    const log = smallLog();
    const large = Array.from({ length: 30 }, (_, i) => ({ ...final(`c${i}`), value: new Uint8Array(100_000).fill(i) }));
    expect(await run(log, kept(0, ...large))).toEqual({ published: 30, standing: 0 });
    expect(log.broker.log(topic, 0).records.map(({ value }) => value?.[0])).toEqual(large.map((_, i) => i));
  });

  it('are not put in the place of others', async () => {
    const log = smallLog();
    log.broker.append(topic, 1, [final('a', 0, '2.00')]);
    await expect(run(log, kept(1, final('a')))).rejects.toThrow(OtherRecordStandsError);
    expect(log.broker.end(topic, 1)).toBe(1);
    expect(await run(log, kept(0, final('a')))).toMatchObject({ published: 1 });
  });
});
