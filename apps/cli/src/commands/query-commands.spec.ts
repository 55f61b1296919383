import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { status } from '@grpc/grpc-js';
import { GrpcStatusError } from '@tillstream/nest-runtime';
import { runCli } from '../run-cli';
import { FakeQueryApi, SALES, alert, message, sale } from '../testing/fake-query-api';
import { recordingContext, type RecordingContext } from '../testing/recording-context';

// Connections are involved: a busy machine may take its time.
jest.setTimeout(30_000);

let api: FakeQueryApi;
let context: RecordingContext;

beforeEach(async () => {
  api = new FakeQueryApi();
  await api.start();
  context = recordingContext();
});

afterEach(() => api.stop());

const till = (...args: string[]): Promise<number> => runCli([...args, '--query', api.address], context);

const jsonLines = (): unknown[] =>
  context
    .output()
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown);

/** Ctrl-C, as soon as this has been printed. */
async function interruptOnce(text: string): Promise<void> {
  while (!context.output().includes(text)) await setImmediate();
  context.interrupt();
}

describe('till alerts', () => {
  it('lists what was alerted, page by page, for people and for programs', async () => {
    api.alerts = [alert('toys', 120_000), alert('books', 60_000, 120_000), alert('audio', 60_000)];
    expect(await till('alerts', '--metric', 'sales', '--from', '1970-01-01T00:00:00Z')).toBe(0);
    const [, toys, books] = context.output().split('\n');
    expect(toys).toMatch(
      /^sales +critical +category=toys +1970-01-01T00:02:00.000Z +open +total=12.50 orders=3 robust_z/,
    );
    expect(books).toContain('1970-01-01T00:02:00.000Z');
    expect(api.alertsAsked[0]).toMatchObject({ metric: 'sales', openOnly: false, pageSize: 100 });
    context = recordingContext();
    await till('alerts', '--open', '--limit', '2', '--json');
    expect(api.alertsAsked.at(-1)).toMatchObject({ openOnly: true, pageSize: 2 });
    expect(jsonLines()).toMatchObject([
      { alert: 'sales', state: 'open', group: { category: 'toys' }, since: '1970-01-01T00:01:00.000Z', resolved: null },
      { state: 'resolved', resolved: '1970-01-01T00:02:00.000Z', history: { 'robust_z(total, 1d, 7)': -5.125 } },
    ]);
  });

  it('says when there is none', async () => {
    expect(await till('alerts', '--open')).toBe(0);
    expect(context.notes()).toContain('nothing is open');
  });
});

describe('till query', () => {
  it('shows what results have changed by since earlier windows', async () => {
    api.metrics = [{ ...SALES, compare: ['previous', '1d'] }];
    const total = { decimal: '-2.50' };
    api.rows = [
      {
        ...sale(0, 'books', '10.00', true),
        comparisons: [
          {
            with: 'previous',
            start: null,
            change: { total, orders: {} },
            percent: { total: { number: -20 }, orders: {} },
          },
          { with: '1d', start: null, change: {}, percent: {} },
        ],
      },
    ];
    await till('query', 'windows', 'sales', '--all');
    const [header, row] = context.output().split('\n');
    expect(header).toMatch(/total vs previous +orders vs previous +total vs 1d +orders vs 1d +final/);
    expect(row).toMatch(/-2.50 \(-20 %\) +– +– +– +yes/);
    context = recordingContext();
    await till('query', 'windows', 'sales', '--all', '--csv');
    expect(context.output()).toContain(
      'total_vs_previous,total_vs_previous_percent,orders_vs_previous,orders_vs_previous_percent,total_vs_1d',
    );
    expect(context.output()).toContain(',-2.50,-20,,,,,,,true,');
    context = recordingContext();
    await till('query', 'windows', 'sales', '--all', '--json');
    expect(jsonLines()).toMatchObject([
      { compared: { previous: { change: { total: '-2.50' }, percent: { total: -20 } } } },
    ]);
  });

  it('lists metrics for people and for programs', async () => {
    expect(await till('query', 'metrics')).toBe(0);
    expect(context.output().split('\n')[1]).toMatch(
      /^sales +events +1m every 30s +category +total, orders, names +the beginning +1970/,
    );
    context = recordingContext();
    await till('query', 'metrics', '--json');
    expect(jsonLines()).toMatchObject([{ metric: 'sales', window_hop_ms: 30_000, complete_from: null }]);
  });

  it('says of which measures the values are near, and how near', async () => {
    const near = { name: 'typical', kind: 'percentile', valueKind: 'decimal', relativeError: 0.01 };
    const buyers = { name: 'buyers', kind: 'approx_distinct', valueKind: 'integer', relativeError: 0.01625 };
    api.metrics = [{ ...SALES, measures: [near, buyers, ...SALES.measures] }];
    await till('query', 'metrics');
    expect(context.output()).toContain('typical ±1 %, buyers ±1.6 %, total, orders, names');
    context = recordingContext();
    await till('query', 'metrics', '--json');
    expect(jsonLines()).toMatchObject([{ measures: [{ name: 'typical', relative_error: 0.01 }, {}, {}, {}, {}] }]);
  });

  it('prints windows as JSON lines in the form that results have on Kafka, page after page', async () => {
    api.rows = [sale(0, 'books', '1.50', true), sale(0, null, '-2.00'), sale(30_000, 'toys', '3.00')];
    expect(await till('query', 'windows', 'sales', '--json', '--all')).toBe(0);
    expect(jsonLines()).toHaveLength(3);
    expect(jsonLines()[0]).toEqual({
      metric: 'sales',
      window_start: '1970-01-01T00:00:00.000Z',
      window_end: '1970-01-01T00:01:00.000Z',
      group: { category: 'books' },
      measures: { total: '1.50', orders: 3, names: ['a "b"'] },
      final: true,
      revision: 7,
      late_rows: 2,
    });
    expect(api.listed[0]).toMatchObject({ from: null, to: null });
  });

  it('prints CSV that quotes what needs it', async () => {
    api.rows = [sale(0, 'a,b', '1.50', true)];
    await till('query', 'windows', 'sales', '--csv');
    expect(context.output()).toBe(
      'window_start,window_end,category,total,orders,names,final,late_rows\n' +
        '1970-01-01T00:00:00.000Z,1970-01-01T00:01:00.000Z,"a,b",1.50,3,"[""a \\""b\\""""]",true,2\n',
    );
  });

  it('asks for the newest windows unless told otherwise, and passes on range, group and finality', async () => {
    await till('query', 'windows', 'sales', '--last', '3', '--group', 'category=a=b', '--final');
    expect(api.listed[0]).toMatchObject({
      from: { seconds: '540', nanos: 0 },
      to: null,
      group: { category: { text: 'a=b' } },
      finalOnly: true,
    });
    await till('query', 'windows', 'sales', '--from', '1970-01-01T00:01:00Z', '--to', '1970-01-01T00:02:00Z');
    expect(api.listed[1]).toMatchObject({ from: { seconds: '60' }, to: { seconds: '120' } });
  });

  it('ranks groups by the first measure unless told otherwise', async () => {
    api.rows = [sale(0, 'books', '1.50')];
    await till('query', 'top', 'sales', '--limit', '5');
    expect(api.topped[0]).toMatchObject({ measure: 'total', limit: 5, windowStart: null });
    expect(context.output()).toContain('books');
  });

  it.each([
    [['query', 'windows', 'sale'], 'stream commerce has no metric sale', 'It has sales.'],
    [['query', 'windows', 'sales', '--json', '--csv'], '--json and --csv exclude each other', ''],
  ])('says what would be right: %s', async (args, problem, remedy) => {
    expect(await till(...args)).toBe(1);
    expect(context.notes()).toContain(problem);
    expect(context.notes()).toContain(remedy);
  });

  it('says how to start the platform when there is none', async () => {
    const { address } = api;
    await api.stop();
    expect(await runCli(['query', 'metrics', '--query', address], context)).toBe(1);
    expect(context.notes()).toContain(`cannot reach ${address}: is the platform running?`);
    expect(context.notes()).toContain('npm start');
  });

  it('says how to give a key where one is wanted', async () => {
    api.key = 'a-read-key';
    expect(await till('query', 'metrics')).toBe(1);
    expect(context.notes()).toContain('--key or TILLSTREAM_READ_KEY');
    expect(await till('query', 'metrics', '--key', 'a-read-key')).toBe(0);
  });
});

describe('till watch', () => {
  it('prints results as they change and what is no more', async () => {
    api.watching = async function* () {
      yield message({ snapshot: true, upserts: [sale(0, 'books', '1.50')], resumeToken: 't1' });
      yield message({ retractions: [sale(0, 'books', '1.50')], resumeToken: 't2' });
      await interruptOnce('no longer');
    };
    expect(await till('watch', 'sales', '--newest', '2')).toBe(0);
    expect(context.output()).toBe(
      '1970-01-01T00:00:00.000Z  books  total 1.50  orders 3  names a "b"  late_rows 2\n' +
        '1970-01-01T00:00:00.000Z  books  no longer a result\n',
    );
    expect(api.watched[0]).toMatchObject({ newestWindows: 2, resumeToken: '' });
  });

  it('goes on from the newest token when its replica goes away', async () => {
    api.watching = async function* ({ resumeToken }) {
      if (resumeToken === '') {
        yield message({ snapshot: true, upserts: [sale(0, 'books', '1.50')], resumeToken: 't1' });
        throw new GrpcStatusError(status.UNAVAILABLE, 'this replica is stopping');
      }
      yield message({ upserts: [sale(0, 'books', '2.50')], resumeToken: 't2' });
      await interruptOnce('t2');
    };
    expect(await till('watch', 'sales', '--json')).toBe(0);
    expect(api.watched.map(({ resumeToken }) => resumeToken)).toEqual(['', 't1']);
    expect(context.notes()).toContain('connection lost (this replica is stopping); trying again');
    expect(jsonLines().filter((line) => 'resume_token' in (line as object))).toHaveLength(2);
  });
});

describe('till top', () => {
  let services: Server;

  beforeEach(async () => {
    let events = 0;
    services = createServer((_, response) => {
      events += 500;
      response.end(
        `# HELP x y\ntillstream_ingest_events_total{stream="commerce",service="gateway"} ${events}\n` +
          'tillstream_ingest_events_total{stream="other"} 999999\n' +
          'tillstream_lag_records{stream="commerce",partition="0"} 3\ntillstream_lag_records{stream="commerce",partition="1"} 4\n',
      );
    });
    await new Promise<void>((resolve) => services.listen(0, '127.0.0.1', resolve));
    api.watching = async function* () {
      const upserts = [sale(600_000, 'books', '1.50'), sale(630_000, 'toys', '0.10'), sale(600_000, 'games', '22.25')];
      yield message({ snapshot: true, upserts, resumeToken: 't1' });
      await new Promise(() => undefined);
    };
  });

  afterEach(() => {
    services.closeAllConnections();
    services.close();
  });

  const top = (...more: string[]): Promise<number> => {
    const url = `http://127.0.0.1:${(services.address() as AddressInfo).port}/metrics`;
    const nobody = 'http://127.0.0.1:1/metrics';
    return till(
      ...['top', '--every', '50ms', '--count', '2', '--gateway-metrics', url],
      ...['--enricher-metrics', nobody, '--aggregator-metrics', nobody, '--query-metrics', nobody, ...more],
    );
  };

  it('writes a line each time where there is no terminal', async () => {
    expect(await top()).toBe(0);
    const last = context.output().trimEnd().split('\n').at(-1)!;
    expect(last).toMatch(/ events\/s · 1,500 accepted · lag 7 · no answer from enricher, aggregator, query-api/);
    expect(last).toContain('sales 1970-01-01 00:10:00: 2 groups, total 23.75');
    expect(context.output()).not.toContain('\u001b');
  });

  it('redraws in place on a terminal', async () => {
    context = recordingContext({ isTerminal: true });
    expect(await top()).toBe(0);
    // eslint-disable-next-line no-control-regex -- that is how a terminal is told to go up
    const pictures = context.output().split(/\u001b\[\d+A/);
    expect(pictures).toHaveLength(2);
    expect(pictures[1]).toContain('sales · 1970-01-01 00:10:00 to 1970-01-01 00:11:00 · provisional · 4 late');
    expect(pictures[1]).toMatch(/games +22.25 .*\n +books +1.50/);
  });

  it('shows as many metrics as have room, and names the others', async () => {
    context = recordingContext({ isTerminal: true, lines: 9 });
    api.metrics = ['first', 'second', 'third'].map((name) => ({ ...SALES, name }));
    expect(await top()).toBe(0);
    // eslint-disable-next-line no-control-regex -- that is how a terminal is told to go up
    const [, picture = ''] = context.output().split(/\u001b\[\d+A/);
    expect(picture.split('\n').length - 1).toBeLessThan(9);
    expect(picture).toContain('first ·');
    expect(picture).toContain('2 more (--metric NAME): second, third');
  });

  it('shows a list of a metric without groups on a line of its own, whole', async () => {
    context = recordingContext({ isTerminal: true });
    api.metrics = [{ ...SALES, groupBy: [] }];
    const ranked = (name: string) => ({ value: { text: name }, amount: { decimal: '10.50' } });
    const names = { ranking: { values: ['kettle', 'teapot', 'cup', 'saucer', 'spoon'].map(ranked) } };
    api.watching = async function* () {
      const row = sale(600_000, null, '52.50');
      yield message({ snapshot: true, upserts: [{ ...row, group: {}, measures: { ...row.measures, names } }] });
      await new Promise(() => undefined);
    };
    expect(await top()).toBe(0);
    expect(context.output()).toContain('  total 52.50 · orders 3');
    expect(context.output()).toContain('  names kettle 10.50, teapot 10.50, cup 10.50, saucer 10.50, spoon 10.50');
  });

  it('shows only the metrics that are asked for', async () => {
    context = recordingContext({ isTerminal: true });
    api.metrics = ['first', 'second', 'third'].map((name) => ({ ...SALES, name }));
    expect(await top('--metric', 'third', '--metric', 'first')).toBe(0);
    expect(context.output()).toMatch(/third ·[^]*first ·/);
    expect(context.output()).not.toContain('second');
    expect(await top('--metric', 'fourth')).toBe(1);
    expect(context.notes()).toContain('fourth');
  });

  it('ends with the reason when it cannot watch', async () => {
    // eslint-disable-next-line require-yield -- it ends before anything comes
    api.watching = async function* () {
      throw new GrpcStatusError(status.INVALID_ARGUMENT, 'newest_windows is too large');
    };
    expect(await top()).toBe(1);
    expect(context.notes()).toContain('newest_windows is too large');
  });
});
