import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { smallStreamFile } from '@tillstream/contracts/testing';
import { runCli } from '../run-cli';
import { type RecordingContext, recordingContext } from '../testing/recording-context';

const event = (id: number, second: number, amount: string, category = 'books'): string => {
  const at = new Date(Date.parse('2026-11-01T10:00:00Z') + second * 1000).toISOString();
  return `{"id":"e${id}","at":"${at}","user":"u${id % 3}","kind":"buy","category":"${category}","amount":${amount}}`;
};

describe('till try', () => {
  const directory = mkdtempSync(join(tmpdir(), 'till-try-'));
  const file = join(directory, 'small.yaml');
  const events = join(directory, 'events.jsonl');

  beforeEach(() => writeFileSync(file, smallStreamFile(2)));
  afterAll(() => rmSync(directory, { recursive: true }));

  async function till(...args: string[]): Promise<RecordingContext & { readonly code: number }> {
    const context = recordingContext();
    return Object.assign(context, { code: await runCli(['try', ...args], context) });
  }

  function results(output: string, metric: string): unknown[] {
    const rows = output.trim().split('\n');
    return rows.map((row) => JSON.parse(row) as { metric: string }).filter((row) => row.metric === metric);
  }

  it('gives what the services would give, with no service, broker or store', async () => {
    writeFileSync(
      events,
      [event(1, 1, '10.00'), event(2, 7, '2.50'), event(3, 7, '1.00', 'toys'), event(4, 60, '5')].join('\n'),
    );
    const { code, output } = await till(file, '--events', events, '--json', '--metric', 'sales');
    expect(code).toBe(0);
    const sales = results(output(), 'sales') as {
      window_start: string;
      group: object;
      measures: object;
      final: boolean;
    }[];
    const first = sales.filter(({ window_start }) => window_start === '2026-11-01T10:00:00.000Z');
    expect(first.sort((a, b) => JSON.stringify(a.group).localeCompare(JSON.stringify(b.group)))).toEqual([
      expect.objectContaining({
        window_end: '2026-11-01T10:00:20.000Z',
        group: { category: 'books' },
        measures: { total: '12.50', orders: 2, average: '6.250000' },
        final: true,
      }),
      expect.objectContaining({
        group: { category: 'toys' },
        measures: { total: '1.00', orders: 1, average: '1.000000' },
      }),
    ]);
    // The log ends with the last event: its windows are open.
    expect(sales.flatMap(({ final, window_start }) => (final ? [] : [window_start])).sort()).toEqual(
      ['10:00:45', '10:00:50', '10:00:55', '10:01:00'].map((time) => `2026-11-01T${time}.000Z`),
    );
  });

  it('computes metrics over the sessions and attributions of the events', async () => {
    writeFileSync(
      file,
      `${smallStreamFile(2).replace(
        'metrics:',
        `sessions: {gap: 30s, outOfOrderness: 5s, type: kind, pageView: kind == 'view', purchase: kind == 'buy', revenue: amount}
attribution: {from: kind == 'view', to: kind == 'buy', on: [category], within: 1m, outOfOrderness: 5s, revenue: amount}
metrics:`,
      )}
  visits:
    from: sessions
    window: {size: 1m}
    measures: {visits: count(), users: distinct(user), spent: sum(revenue), longest: max(duration_ms), bounced: count() where bounced}
  touches:
    from: attributions
    where: last_touch
    groupBy: [category]
    window: {size: 1m}
    measures: {purchases: count(), slowest: max(time_to_purchase_ms)}
`,
    );
    const view = (id: number, second: number): string => event(id, second, '0').replace('"buy"', '"view"');
    // u1 looks and buys, comes again a minute later; u2 comes once; time passes with u0.
    const lines = [view(1, 1), event(4, 21, '7.50'), view(7, 55), view(2, 3), view(0, 300), view(3, 310)];
    writeFileSync(events, lines.join('\n'));
    const { code, output, notes } = await till(
      file,
      '--events',
      events,
      '--json',
      '--metric',
      'visits',
      '--metric',
      'touches',
    );
    expect(notes()).toContain('6 events, 6 count;');
    expect(code).toBe(0);
    const finals = (metric: string) => results(output(), metric).filter((row) => (row as { final: boolean }).final);
    expect(finals('visits')).toEqual([
      expect.objectContaining({
        window_start: '2026-11-01T10:00:00.000Z',
        measures: { visits: 3, users: 2, spent: '7.50', longest: 20_000, bounced: 2 },
      }),
    ]);
    expect(finals('touches')).toEqual([
      expect.objectContaining({ group: { category: 'books' }, measures: { purchases: 1, slowest: 20_000 } }),
    ]);
  });

  it('says what became of every event: counted, a duplicate, refused with its place and reason, or late', async () => {
    const lines = [
      event(1, 100, '10'),
      event(1, 100, '10'),
      '{"id":"e2","at":"soon"}',
      'rubbish',
      event(3, 100, '1'),
      event(9, 0, '1'),
    ];
    writeFileSync(events, lines.join('\n'));
    const { code, output, notes } = await till(file, '--events', events);
    expect(code).toBe(0);
    expect(notes()).toMatch(
      /small: 6 events, 3 count, 1 were there before, 1 refused \(\S+\), 1 refused \(\S+\); computed in/,
    );
    expect(notes()).toContain('events.jsonl:3 refused, ');
    expect(notes()).toContain('events.jsonl:4 refused, ');
    expect(output()).toMatch(/^metric +window +windows +final +still open +late rows\nsales +20s every 5s /);
    expect(output()).toMatch(/\nsales, the newest:\nwindow +category +total +orders +average/);
    expect(output()).toMatch(/^visitors +10s +\d+ +\d+ +\d+ +[01]$/m);
  });

  it('counts what each sink would be given, of events and of final results', async () => {
    const sinks = `sinks:
  search:
    type: opensearch
    what:
      events: {filter: "category == 'toys' || amount > 9"}
      finals: {metrics: [sales], filter: "window_start < window_end"}
      late:
  out: {type: console, what: [finals]}
`;
    writeFileSync(file, smallStreamFile(1) + sinks);
    writeFileSync(
      events,
      [event(1, 1, '10'), event(2, 7, '1', 'toys'), event(3, 9, '1'), event(4, 60, '5')].join('\n'),
    );
    const { code, output } = await till(file, '--events', events);
    expect(code).toBe(0);
    const told = output().split('Sinks would be given so many rows:\n')[1];
    const finals = [...output().matchAll(/^(\w+) +\d+s.* +\d+ +(\d+) +\d+ +\d+$/gm)].map(([, name, count]) => [
      name,
      Number(count),
    ]);
    const all = finals.reduce((sum, [, count]) => sum + Number(count), 0);
    const [, sales] = finals.find(([name]) => name === 'sales') ?? [];
    expect(sales).toBeGreaterThan(0);
    const cells = told
      ?.trim()
      .split('\n')
      .map((line) => line.split(/ +/).join(' '));
    expect(cells).toEqual([
      'sink feed rows of',
      'search events 2 4',
      `search finals ${sales} ${all}`,
      `out finals ${all} ${all}`,
    ]);
    writeFileSync(file, smallStreamFile(1));
    expect((await till(file, '--events', events)).output()).not.toContain('Sinks');
  });

  it('takes only the windows and metrics that are asked for', async () => {
    writeFileSync(events, [event(1, 1, '10'), event(2, 300, '1')].join('\n'));
    const { output } = await till(file, '--events', events, '--from', '2026-11-01T10:01:00Z', '--json');
    expect(results(output(), 'sales')).toHaveLength(4);
    const none = await till(file, '--events', events, '--metric', 'nothing');
    expect(none.code).toBe(1);
    expect(none.notes()).toContain('It has sales, spend, visitors.');
  });

  it('names what it cannot read', async () => {
    const missing = await till(file, '--events', join(directory, 'none.jsonl'));
    expect(missing.code).toBe(1);
    expect(missing.notes()).toContain('none.jsonl');
    writeFileSync(file, smallStreamFile(2).replace('sum(amount)', 'sum(kind)'));
    const wrong = await till(file, '--events', events);
    expect(wrong.code).toBe(1);
    expect(wrong.notes()).toMatch(/small\.yaml:\d+:\d+: /);
  });
});
