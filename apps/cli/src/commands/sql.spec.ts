import { runCli } from '../run-cli';
import { chart } from '../sql/chart';
import { FakeQueryApi } from '../testing/fake-query-api';
import { recordingContext, type RecordingContext } from '../testing/recording-context';

// Connections are involved: a busy machine may take its time.
jest.setTimeout(30_000);

let api: FakeQueryApi;
let context: RecordingContext;

beforeEach(async () => {
  api = new FakeQueryApi();
  await api.start();
  context = recordingContext();
  api.sqlAnswer = {
    columns: [
      { name: 'user', type: 'VARCHAR' },
      { name: 'n', type: 'BIGINT' },
      { name: 'spent', type: 'DECIMAL(38,2)' },
      { name: 'tags', type: 'VARCHAR[]' },
    ],
    rows: [
      { values: [{ text: 'ann' }, { integer: '40' }, { decimal: '12.50' }, { list: { values: [{ text: 'a"b' }] } }] },
      { values: [{ text: 'bob, the 2nd' }, { integer: '10' }, {}, {}] },
    ],
    truncated: false,
  };
});

afterEach(() => api.stop());

const till = (...args: string[]): Promise<number> => runCli(['sql', ...args, '--query', api.address], context);

describe('till sql', () => {
  it('shows a table', async () => {
    expect(await till('SELECT 1', '--limit', '7', '--stream', 'wiki')).toBe(0);
    expect(context.output()).toBe(
      ['user          n   spent  tags', 'ann           40  12.50  a"b', 'bob, the 2nd  10  –      –', ''].join('\n'),
    );
    expect(api.sqlAsked).toEqual([{ stream: 'wiki', sql: 'SELECT 1', maxRows: 7 }]);
  });

  it('gives CSV and JSON that lose nothing', async () => {
    expect(await till('SELECT 1', '--csv')).toBe(0);
    expect(context.output()).toBe('user,n,spent,tags\nann,40,12.50,"[""a\\""b""]"\n"bob, the 2nd",10,,\n');
    context = recordingContext();
    expect(await till('SELECT 1', '--json')).toBe(0);
    expect(context.output()).toBe(
      '{"user":"ann","n":40,"spent":"12.50","tags":["a\\"b"]}\n{"user":"bob, the 2nd","n":10,"spent":null,"tags":null}\n',
    );
  });

  it('draws a bar a row', async () => {
    api.sqlAnswer = {
      ...api.sqlAnswer,
      columns: api.sqlAnswer.columns.slice(0, 2),
      rows: api.sqlAnswer.rows.map(({ values }) => ({ values: values.slice(0, 2) })),
    };
    expect(await till('SELECT 1', '--chart')).toBe(0);
    const [ann, bob] = context.output().split('\n');
    expect(ann).toBe(`ann           40  ${'█'.repeat(82)}`);
    expect(bob).toBe(`bob, the 2nd  10  ${'█'.repeat(20)}▌`);
  });

  it('says that there are more rows, and which formats go together', async () => {
    api.sqlAnswer = { ...api.sqlAnswer, truncated: true };
    await till('SELECT 1');
    expect(context.notes()).toContain('only the first 2 rows');
    expect(await till('SELECT 1', '--chart', '--json')).toBe(1);
    expect(context.notes()).toContain('--chart stands alone');
  });
});

describe('a chart', () => {
  const number = [{ name: 'n', type: 'DOUBLE' }];

  it('has hollow bars below zero, and none for what is no number', () => {
    const rows = [[-10], [5], [null], [0], [NaN]];
    expect(chart(number, rows, 26)).toBe(
      [`  -10  ${'░'.repeat(19)}`, `    5  ${'█'.repeat(9)}▌`, '    –', '    0', '  NaN', ''].join('\n'),
    );
  });

  it('is nothing without rows, and wants a number', () => {
    expect(chart(number, [], 80)).toBe('');
    expect(() => chart([{ name: 'a', type: 'VARCHAR' }], [['x']], 80)).toThrow('a column that is a number');
  });
});
