import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { eventFiles, STANDARD_INPUT } from './event-files';
import { recordedEvent } from './json-event';

const directory = mkdtempSync(join(tmpdir(), 'till-events-'));
afterAll(() => rmSync(directory, { recursive: true }));

function fileOf(name: string, content: string | Buffer): { path: string; size: number } {
  const path = join(directory, name);
  writeFileSync(path, content);
  return { path, size: Buffer.byteLength(content) };
}

async function collect<T>(from: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of from) items.push(item);
  return items;
}

const AT = Date.parse('2020-06-24T09:34:46Z');
const event = (second: number) => `{"meta":{"dt":"2020-06-24T09:34:${second}Z"},"id":9007199254740993, "title":"é"}`;
const start = { file: 0, rowsDone: 0 };

describe('events in files', () => {
  it('are passed on as they stand there, with their time', async () => {
    const file = fileOf('a.jsonl', `${event(46)}\r\n\n${event(40)}`);
    expect(await collect(eventFiles([file], 'meta.dt').rows(start, 0))).toEqual([
      { file: 0, number: 1, text: `${event(46)}\r`, timeMs: AT },
      { file: 0, number: 2, text: event(40), timeMs: AT - 6_000 },
    ]);
  });

  it('are the same however their file is compressed, and when they come in', async () => {
    const text = Array.from({ length: 5_000 }, (_, i) => `${event(10 + (i % 50))}\n`).join('');
    const plain = await collect(eventFiles([fileOf('b.jsonl', text)], 'meta.dt').rows(start, 0));
    expect(plain).toHaveLength(5_000);
    for (const file of [fileOf('b.jsonl.gz', gzipSync(text)), fileOf('b.jsonl.zst', zstdCompressSync(text))]) {
      const source = eventFiles([file], 'meta.dt');
      expect(await collect(source.rows(start, 0))).toEqual(plain);
      expect(source.readShare()).toBe(1);
    }
    const input = Readable.from(Buffer.from(text).toString('latin1').match(/[^]{1,77}/g)?.map((part) => Buffer.from(part, 'latin1')) ?? []); // prettier-ignore
    const piped = Readable.from(input, { objectMode: false });
    expect(await collect(eventFiles([{ path: STANDARD_INPUT, size: 0 }], 'meta.dt', piped).rows(start, 0))).toEqual(
      plain,
    );
  });

  it('go on after the rows that are done', async () => {
    const files = [
      fileOf('c.jsonl', `${event(41)}\n`),
      fileOf('d.jsonl', `${event(42)}\n${event(43)}\n${event(44)}\n`),
    ];
    const rows = await collect(eventFiles(files, 'meta.dt').rows({ file: 1, rowsDone: 2 }, 0));
    expect(rows).toEqual([{ file: 1, number: 3, text: event(44), timeMs: AT - 2_000 }]);
  });

  it('are moved by as much as the newest of them is old', async () => {
    const source = eventFiles([fileOf('e.jsonl', `${event(46)}\n${event(40)}\n`)], 'meta.dt');
    expect(await source.shiftToNow(Infinity, AT + 3_600_000)).toBe(3_600_000);
    expect(await source.shiftToNow(2, AT)).toBe(3_000);
    await expect(eventFiles([fileOf('f.jsonl', '{}\n')], 'meta.dt').shiftToNow(1, AT)).rejects.toThrow(
      'no event has a time at meta.dt',
    );
  });

  it('end with what is wrong with a file that is cut off', async () => {
    const file = fileOf('g.jsonl.gz', gzipSync(`${event(41)}\n`.repeat(1_000)).subarray(0, 60));
    await expect(collect(eventFiles([file], 'meta.dt').rows(start, 0))).rejects.toThrow('g.jsonl.gz is broken');
  });
});

describe('a recorded event', () => {
  it('keeps every digit when it is moved in time', () => {
    expect(recordedEvent(event(46), 'meta.dt', 1_000)).toEqual({
      text: '{"meta":{"dt":"2020-06-24T09:34:47.000Z"},"id":9007199254740993,"title":"é"}',
      timeMs: AT + 1_000,
    });
    expect(recordedEvent('{"t":1592991286,"x":1.50}', 't', 500).text).toBe('{"t":"2020-06-24T09:34:46.500Z","x":1.50}');
  });

  it('is what a line of a capture holds', () => {
    const line = `{"kafka_offset":12,"kafka_timestamp_ms":1592991287275,"value":${event(46)}}`;
    expect(recordedEvent(line, 'meta.dt', 0)).toEqual({ text: event(46), timeMs: AT });
  });

  it.each(['', '{', '7', '{"meta":null}', '{"meta":{"dt":"soon"}}', '{"meta":{"dt":{}}}'])(
    'has no time where it is %s, and is passed on',
    (text) => {
      expect(recordedEvent(text, 'meta.dt', 1_000)).toEqual({ text, timeMs: null });
    },
  );

  it.each([
    ['1592991286', AT],
    ['"1592991286"', AT],
    ['1592991286000', AT],
    ['"2020-06-24T09:34:46Z"', AT],
  ])('says its time as %s', (value, timeMs) => {
    expect(recordedEvent(`{"at":${value}}`, 'at', 0).timeMs).toBe(timeMs);
  });
});
