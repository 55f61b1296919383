import { status } from '@grpc/grpc-js';
import { encodeLateRows, type LateRowMessage } from '@tillstream/contracts';
import { smallDefinition } from '@tillstream/contracts/testing';
import { MemoryResults } from '../testing/memory-results';
import type { QueryClient } from '../testing/query-client';
import { Replica } from '../testing/replica';

// Connections are involved: a busy machine may take its time.
jest.setTimeout(30_000);

const START_MS = Date.UTC(2026, 0, 1);
const PARTITIONS = 2;

let results: MemoryResults;
let replica: Replica;
let client: QueryClient;

beforeEach(async () => {
  results = new MemoryResults(smallDefinition(PARTITIONS));
  replica = await Replica.start(results);
  client = replica.client();
});

afterEach(() => replica.stop());

/** Rows with the offsets given, told in one record each time. */
function tell(partition: number, metricName: string, offsets: readonly number[]): void {
  const { definition, broker } = results;
  const metric = definition.metrics.find(({ name }) => name === metricName);
  if (!metric) throw new Error(`no metric ${metricName}`);
  const rows = offsets.map((rawOffset) => ({
    ...{ metric, rawOffset, index: 0, missedStartsMs: [START_MS], latenessMs: 2_500 },
    json: JSON.stringify({ [definition.schema.eventTime.field]: new Date(START_MS + rawOffset * 1_000).toISOString() }),
  }));
  broker.append(definition.topics.late, partition, encodeLateRows(rows, partition));
}

const place = ({ metric, position }: LateRowMessage): string => `${metric} ${position?.partition}/${position?.offset}`;

async function all(request: object): Promise<LateRowMessage[]> {
  const rows: LateRowMessage[] = [];
  let pageToken = '';
  do {
    const page = await client.listLate({ stream: 'small', ...request, pageToken });
    rows.push(...page.rows);
    pageToken = page.nextPageToken;
  } while (pageToken !== '');
  return rows;
}

describe('ListLate', () => {
  it('says which rows missed what, where they stand and how late they were', async () => {
    tell(1, 'sales', [7]);
    const [row] = await all({});
    expect(row).toMatchObject({
      metric: 'sales',
      position: { partition: 1, offset: '7', index: 0 },
      eventTime: { seconds: String(START_MS / 1000 + 7), nanos: 0 },
      lateness: { seconds: '2', nanos: 500_000_000 },
      missed: [{ seconds: String(START_MS / 1000), nanos: 0 }],
    });
    expect(JSON.parse(row?.row ?? '')).toEqual(expect.any(Object));
  });

  it('gives rows of tasks that are not equally far, each task in its own order', async () => {
    tell(0, 'sales', [7, 8]);
    tell(0, 'spend', [3, 7]);
    tell(0, 'sales', [8, 9]);
    tell(0, 'spend', [3, 7, 8]);
    const told = ['sales 0/7', 'sales 0/8', 'spend 0/3', 'spend 0/7', 'sales 0/9', 'spend 0/8'];
    expect((await all({})).map(place)).toEqual(told);
    expect((await all({ pageSize: 1 })).map(place)).toEqual(told);
  });

  it('gives rows in the order of the log, each once, although tasks that crash tell them again', async () => {
    tell(0, 'sales', [3, 4, 5]);
    tell(0, 'sales', [4, 5]);
    tell(0, 'sales', [3]);
    tell(0, 'spend', [5]);
    tell(0, 'sales', [5, 6]);
    tell(1, 'sales', [1]);
    const rows = ['sales 0/3', 'sales 0/4', 'sales 0/5', 'spend 0/5', 'sales 0/6', 'sales 1/1'];
    expect((await all({})).map(place)).toEqual(rows);
    for (const pageSize of [1, 2, 4]) expect((await all({ pageSize })).map(place)).toEqual(rows);
  });

  it('keeps to the metric and the event times asked for', async () => {
    tell(0, 'sales', [3, 4, 5]);
    tell(1, 'spend', [4]);
    const at = (second: number) => ({ seconds: String(START_MS / 1000 + second), nanos: 0 });
    expect((await all({ metric: 'spend' })).map(place)).toEqual(['spend 1/4']);
    expect((await all({ from: at(4), to: at(5) })).map(place)).toEqual(['sales 0/4', 'spend 1/4']);
  });

  it('ends a page when so much of the log has been looked through', async () => {
    for (let i = 0; i < 100; i += 1) tell(0, 'sales', [i]);
    const page = await client.listLate({ stream: 'small', metric: 'spend' });
    expect(page.rows).toEqual([]);
    expect(page.nextPageToken).not.toBe('');
    expect(await all({ metric: 'spend' })).toEqual([]);
    expect(await all({ pageSize: 10_000 })).toHaveLength(100);
  });

  it('refuses what makes no sense, and says what would', async () => {
    const refused = (request: object): Promise<unknown> => client.listLate({ stream: 'small', ...request });
    await expect(refused({ metric: 'x' })).rejects.toMatchObject({ code: status.INVALID_ARGUMENT });
    await expect(refused({ pageToken: 'x' })).rejects.toMatchObject({ code: status.INVALID_ARGUMENT });
    await expect(refused({ pageSize: 10_001 })).rejects.toMatchObject({ code: status.INVALID_ARGUMENT });
    tell(0, 'sales', [1, 2]);
    const { nextPageToken } = await client.listLate({ stream: 'small', pageSize: 1 });
    await expect(refused({ metric: 'sales', pageToken: nextPageToken })).rejects.toMatchObject({
      details: expect.stringContaining('belongs to another request'),
    });
  });
});
