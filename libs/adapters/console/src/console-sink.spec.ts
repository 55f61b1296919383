import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FeedRow, FeedTable, FeedValue, StreamDefinition } from '@tillstream/contracts';
import { feedTables } from '@tillstream/contracts';
import { SinkRefusedError, SinkUnavailableError } from '@tillstream/engine';
import type { Sink } from '@tillstream/engine';
import type { StoredRow } from '@tillstream/engine/testing';
import { aSink, aSinkEnvironment, describeSink, sinkStream } from '@tillstream/engine/testing';
import { consoleSinkKind } from './console-kind';

const definition = sinkStream();
const [sales] = feedTables(definition, 'finals') as readonly [FeedTable];

let directory: string;
let files = 0;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tillstream-console-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

type Settings = Readonly<Record<string, FeedValue>>;

function sinkTo(where: string, settings: Settings, stream: StreamDefinition = definition): Sink {
  const opened = consoleSinkKind.open(aSink({ type: 'console', where, settings }), stream, aSinkEnvironment());
  if (!opened.ok) throw new Error(JSON.stringify(opened.problems));
  return opened.sink;
}

describeSink('ConsoleSink', { once: false }, async (stream) => {
  const file = join(directory, `${(files += 1)}.txt`);
  return {
    connect: () => sinkTo(file, { ids: true, width: 200, rows: 1_000 }, stream),
    stored: async (feed) => feedTables(stream, feed).flatMap((table) => shownIds(readFileSync(file, 'utf8'), table)),
    poisoned: null,
    cutOff: null,
    close: async () => undefined,
  };
});

/** The first cells of the tables that a feed's table was shown in. */
function shownIds(text: string, { name, metric }: FeedTable): readonly StoredRow[] {
  return text
    .split('\n\n')
    .filter((shown) => shown.startsWith(`── sunk · ${metric ?? name} · `))
    .flatMap((shown) => shown.split('\n').slice(2))
    .map((line) => ({ table: name, id: (line.split(/ {2}/)[0] ?? '').trim() }));
}

const MINUTE_MS = 60_000;

function aSale(minute: number, category: string | null, total: string, orders: number, more: Settings = {}): FeedRow {
  const startMs = Date.UTC(2026, 0, 5, 10, minute);
  return {
    ...{ table: sales.name, id: `f|${minute}|${category}`, version: 1, timeMs: startMs },
    ...{ partition: 0, offset: 0, index: 0, record: null },
    values: {
      metric: 'sales',
      window_start: startMs,
      window_end: startMs + MINUTE_MS,
      category,
      total,
      orders,
      ...more,
    },
  };
}

/** What stands in the file after each of the flushes. */
async function shown(settings: Settings, ...flushes: (readonly FeedRow[])[]): Promise<string> {
  const file = join(directory, 'shown.txt');
  const sink = sinkTo(file, settings);
  await sink.prepare();
  const partitions = [await sink.open('finals', 0, [sales]), await sink.open('finals', 1, [sales])] as const;
  for (const [at, rows] of flushes.entries()) {
    const partition = partitions[(at % 2) as 0 | 1];
    await partition.add({ from: at, next: at + 1, rows: { kind: 'rows', rows } });
    await partition.flush(() => Promise.reject(new Error('nothing is refused')));
  }
  await sink.close();
  return readFileSync(file, 'utf8');
}

describe('results in a terminal', () => {
  const books = aSale(0, 'books', '120.50', 3);
  const music = aSale(0, null, '9.00', 12);
  const later = aSale(1, 'books', '1.00', 1);

  it('are a table a window, of what is new', async () => {
    expect(await shown({}, [books, later, music], [aSale(0, 'toys', '7.00', 1)])).toBe(
      [
        '── sunk · sales · 2026-01-05T10:00:00.000Z to 2026-01-05T10:01:00.000Z · 2 new',
        'category   total  orders',
        'books     120.50       3',
        '–           9.00      12',
        '',
        '── sunk · sales · 2026-01-05T10:01:00.000Z to 2026-01-05T10:02:00.000Z · 1 new',
        'category  total  orders',
        'books      1.00       1',
        '',
        '── sunk · sales · 2026-01-05T10:00:00.000Z to 2026-01-05T10:01:00.000Z · 1 new',
        'category  total  orders',
        'toys       7.00       1',
        '',
        '',
      ].join('\n'),
    );
  });

  it('are shown with the whole window, of all partitions, where that is asked for', async () => {
    const text = await shown({ mode: 'complete' }, [books, later], [music]);
    expect(text.split('\n\n').at(-2)).toBe(
      [
        '── sunk · sales · 2026-01-05T10:00:00.000Z to 2026-01-05T10:01:00.000Z · 1 new',
        'category   total  orders',
        'books     120.50       3',
        '–           9.00      12',
      ].join('\n'),
    );
  });

  it('are forgotten behind so many windows', async () => {
    const text = await shown({ mode: 'complete', windows: 1 }, [books], [later], [music]);
    expect(text.match(/──/g)).toHaveLength(2);
  });

  it('are so many rows and characters at most', async () => {
    const rows = [books, music, aSale(0, 'a very long category', '1.00', 1)];
    expect(await shown({ rows: 2 }, rows)).toContain('\n… and 1 more\n');
    expect(await shown({ width: 8 }, rows)).toContain('a very …');
  });

  it('never make the terminal do anything', async () => {
    const text = await shown({}, [aSale(0, 'a\u001b[2Jb\nc\u009bd', '1.00', 1)]);
    expect(text).toContain('a\\u001b[2Jb\\nc\\u009bd');
  });
});

describe('a console', () => {
  it.each(['stdout', 'stderr', '/tmp/shown.txt'])('may be %s', (where) => {
    expect(() => sinkTo(where, {})).not.toThrow();
  });

  it('is no address, and knows its modes', () => {
    expect(() => sinkTo('shown.txt', {})).toThrow('must be stdout, stderr, or the whole path of a file');
    expect(() => sinkTo('stdout', { mode: 'append' })).toThrow('must be one of update, complete');
  });

  it('is refused where there is no directory, with the remedy', async () => {
    const sink = sinkTo(join(directory, 'none', 'shown.txt'), {});
    await expect(sink.prepare()).rejects.toThrow(SinkRefusedError);
    await expect(sink.prepare()).rejects.toThrow('name a file whose directory is there');
  });

  it('keeps what a full disk does not take, and shows it later', async () => {
    const sink = sinkTo('/dev/full', {});
    await sink.prepare();
    const partition = await sink.open('finals', 0, [sales]);
    await partition.add({ from: 0, next: 1, rows: { kind: 'rows', rows: [aSale(0, 'books', '1.00', 1)] } });
    await expect(partition.flush(() => Promise.resolve())).rejects.toThrow(SinkUnavailableError);
    expect(partition.pending.rows).toBe(1);
    await sink.close();
  });
});
