import { toTimestamp, type ExplainWindowResponse } from '@tillstream/contracts';
import { runCli } from '../run-cli';
import { FakeQueryApi, sale } from '../testing/fake-query-api';
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

const WINDOW = '1970-01-01T00:00:00Z';
const place = { partition: 1, offset: '17', index: 2 };
const EXPLANATION: ExplainWindowResponse = {
  verdict: 'equal',
  told: sale(0, 'books', '1.50', true),
  recomputed: sale(0, 'books', '1.50', true),
  partitions: [
    {
      partition: 1,
      read: { from: '3', next: '90' },
      contributed: { from: '10', next: '18' },
      ...{ records: '4', counted: '5', filtered: '6', late: '7', duplicates: '8', otherGroups: '9' },
      deadLetters: { 'wrong-type': '2' },
      closedAt: { ...place, offset: '80' },
    },
  ],
  revisions: [
    {
      ...{ position: place, appended: toTimestamp(61_000), final: true, revision: '7', retracted: false },
      measures: { total: { decimal: '1.50' } },
    },
  ],
  revisionsLeftOut: '3',
  samples: [
    { fate: 'counted', position: place, eventTime: toTimestamp(5_000), row: '{"price":1.5}', traceId: 'abc' },
    { fate: 'late', position: place, eventTime: toTimestamp(6_000), row: '{}', traceId: '' },
  ],
  traceIds: ['abc', 'def'],
  finalTraceId: '123',
};

const till = (...args: string[]): Promise<number> =>
  runCli(['explain', 'sales', '--window', WINDOW, ...args, '--query', api.address], context);

describe('till explain', () => {
  it('shows both numbers, what became of the rows, what was told, and samples with their places', async () => {
    api.explanation = EXPLANATION;
    expect(await till('--group', 'category=books')).toBe(0);
    expect(api.explained[0]).toMatchObject({ windowStart: { seconds: '0' }, group: { category: { text: 'books' } } });
    const output = context.output();
    expect(output).toContain('What stands is what raw gives, byte for byte.');
    expect(output).toMatch(/total +1\.50 +1\.50/);
    expect(output).toMatch(/1 +10 to 17 +5 +6 +8 +7 +2 +9 +at 80/);
    expect(output).toContain('of whatever window: 2 wrong-type');
    expect(output).toMatch(/1970-01-01T00:01:01.000Z +1\/17 +final +7 +1\.50/);
    expect(output).toContain('and 3 more between');
    expect(output).toMatch(/counted +1\/17\/2 +1970-01-01T00:00:05.000Z +\{"price":1.5\} +abc/);
  });

  it('gives all of it to programs', async () => {
    api.explanation = EXPLANATION;
    await till('--null', 'category', '--json');
    expect(api.explained[0]?.group).toEqual({ category: {} });
    expect(JSON.parse(context.output())).toMatchObject({
      verdict: 'equal',
      recomputed: { measures: { total: '1.50' } },
      partitions: [
        { contributed: { from: 10, next: 18 }, counted: 5, dead_letters: { 'wrong-type': 2 }, closed_at: 80 },
      ],
      samples: [{ partition: 1, offset: 17, index: 2, row: { price: 1.5 }, trace_id: 'abc' }, { fate: 'late' }],
      trace_ids: ['abc', 'def'],
      final_trace_id: '123',
    });
    expect(JSON.parse(context.output())).not.toHaveProperty('trace_links');
  });

  it('names the traces of the final and of the writes', async () => {
    api.explanation = EXPLANATION;
    await till('--group', 'category=books');
    const lines = context.output().trimEnd().split('\n').slice(-3);
    const write = 'Trace of a write that was counted';
    expect(lines).toEqual(['Trace of the final: 123', `${write}: abc`, `${write}: def`]);
  });

  it('says nothing of traces where nothing was sampled', async () => {
    api.explanation = { ...EXPLANATION, samples: [], traceIds: [], finalTraceId: '' };
    await till('--group', 'category=books', '--traces', 'http://jaeger:16686');
    expect(context.output()).not.toMatch(/Trace|jaeger/);
  });

  it('links to the pages of a trace back end', async () => {
    api.explanation = EXPLANATION;
    const link = (id: string): string => `http://jaeger:16686/trace/${id}`;
    await till('--group', 'category=books', '--traces', 'http://jaeger:16686');
    expect(context.output()).toContain(`Trace of the final: ${link('123')}\n`);
    expect(context.output()).toContain(`Trace of a write that was counted: ${link('def')}\n`);
    expect(context.output()).toMatch(/counted +1\/17\/2 .* http:\/\/jaeger:16686\/trace\/abc\n/);
    expect(context.output()).toMatch(/late +1\/17\/2 .* \{\} *\n/);
  });

  it('gives the links to programs too', async () => {
    api.explanation = EXPLANATION;
    await till('--group', 'category=books', '--traces', 'http://zipkin:9411', '--json');
    const link = (id: string): string => `http://zipkin:9411/zipkin/traces/${id}`;
    expect(JSON.parse(context.output())).toMatchObject({
      final_trace_id: '123',
      trace_links: { '123': link('123'), abc: link('abc'), def: link('def') },
    });
  });

  it('says how the address of a trace back end looks when it is none', async () => {
    expect(await till('--group', 'category=books', '--traces', 'jaeger:16686')).not.toBe(0);
    expect(context.notes()).toContain('http://localhost:16686 (Jaeger)');
    expect(api.explained).toEqual([]);
  });

  it.each(['differs', 'missing', 'surplus'])(
    'ends with another code when what stands is wrong: %s',
    async (verdict) => {
      api.explanation = { ...EXPLANATION, verdict };
      expect(await till('--group', 'category=books')).toBe(3);
      expect(context.notes()).toContain('what stands is not what raw gives');
    },
  );

  it('says why it cannot be explained', async () => {
    expect(await till('--group', 'category=books')).toBe(1);
    expect(context.notes()).toContain('nothing is retained');
  });
});
