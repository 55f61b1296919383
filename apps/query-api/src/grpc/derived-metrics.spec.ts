import { status } from '@grpc/grpc-js';
import { streamsOf, toTimestamp } from '@tillstream/contracts';
import { definitionFrom, smallStreamFile } from '@tillstream/contracts/testing';
import { MemoryResults } from '../testing/memory-results';
import type { QueryClient } from '../testing/query-client';
import { Replica } from '../testing/replica';

// Connections are involved: a busy machine may take its time.
jest.setTimeout(30_000);

const START_MS = Date.UTC(2026, 0, 1);
const definition = definitionFrom(
  `${smallStreamFile().replace('metrics:', 'sessions: {gap: 30m}\nmetrics:')}
  visits:
    from: sessions
    groupBy: [hour_of_day]
    window: {size: 1h}
    measures: {visits: count(), spent: sum(revenue), longest: max(duration_ms)}
    alert: {when: visits > 1}
`,
);
const text = (value: object): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
const bytes = (value: string): Uint8Array => new TextEncoder().encode(value);

let results: MemoryResults;
let replica: Replica;
let client: QueryClient;

beforeEach(async () => {
  results = new MemoryResults(definition);
  tellVisits();
  replica = await Replica.start(results);
  client = replica.client();
});

afterEach(() => replica.stop());

const identityOf = (name: string): string => {
  const metrics = streamsOf(definition).flatMap((stream) => stream.metrics);
  return metrics.find((metric) => metric.name === name)?.identity ?? '';
};

function tellVisits(): void {
  const group = { hour_of_day: 9 };
  const window = {
    window_start: new Date(START_MS).toISOString(),
    window_end: new Date(START_MS + 3_600_000).toISOString(),
  };
  const measures = { visits: 2, spent: '12.50', longest: 60_000 };
  const key = `f|${identityOf('visits')}|${window.window_start}|${JSON.stringify(group)}`;
  const value = { metric: 'visits', ...window, group, measures, final: true, revision: 4 };
  results.append(1, [{ key: bytes(key), value: text(value) }]);
}

describe('metrics over sessions', () => {
  it('say what they are over', async () => {
    const { metrics } = await client.listMetrics({ stream: 'small' });
    expect(metrics.map(({ name, from }) => [name, from])).toEqual([
      ['sales', ''],
      ['spend', ''],
      ['visitors', ''],
      ['visits', 'sessions'],
    ]);
  });

  it('have results with the types of their rows', async () => {
    const { windows } = await client.listWindows({ stream: 'small', metric: 'visits' });
    expect(windows).toMatchObject([
      {
        group: { hour_of_day: { integer: '9' } },
        measures: { visits: { integer: '2' }, spent: { decimal: '12.50' }, longest: { integer: '60000' } },
        final: true,
      },
    ]);
    const top = await client.topGroups({ stream: 'small', metric: 'visits', measure: 'spent' });
    expect(top.windows).toHaveLength(1);
  });

  it('are not explained, and it is said what can be done', async () => {
    const question = {
      stream: 'small',
      metric: 'visits',
      windowStart: toTimestamp(START_MS),
      group: { hour_of_day: { integer: '9' } },
    };
    await expect(client.explainWindow(question)).rejects.toMatchObject({
      code: status.INVALID_ARGUMENT,
      details: expect.stringMatching(/over sessions.*till verify/),
    });
  });
});

describe('what came too late', () => {
  const lateLine = (identity: string, field: string, offset: number): string =>
    JSON.stringify({
      ...{ id: `0|${offset}|0|${identity}`, metric: identity.split('@')[0], definition: identity.split('@')[1] },
      ...{ missed: [], lateness_ms: 5 },
      row: { [field]: new Date(START_MS + offset).toISOString() },
    });

  it('is found for sessions and for metrics over them, each with the time of its rows', async () => {
    const sessions = definition.sessions?.identity ?? '';
    const lines = [
      lateLine(sessions, 'at', 1),
      lateLine(identityOf('visits'), 'ended', 2),
      lateLine('sessions@0000', 'at', 3),
    ];
    results.broker.append(definition.topics.late, 0, [{ key: null, value: bytes(`${lines.join('\n')}\n`) }]);
    const seen = async (metric: string): Promise<unknown> => {
      const { rows } = await client.listLate({ stream: 'small', metric });
      return rows.map(({ metric: of, eventTime }) => [of, eventTime && eventTime.nanos / 1e6]);
    };
    expect(await seen('')).toEqual([
      ['sessions', 1],
      ['visits', 2],
      ['sessions', 3],
    ]);
    expect(await seen('sessions')).toEqual([['sessions', 1]]);
    expect(await seen(sessions)).toEqual([['sessions', 1]]);
    expect(await seen('sessions@0000')).toEqual([['sessions', 3]]);
    expect(await seen('visits')).toEqual([['visits', 2]]);
    await expect(client.listLate({ stream: 'small', metric: 'attribution' })).rejects.toMatchObject({
      code: status.INVALID_ARGUMENT,
    });
  });
});
