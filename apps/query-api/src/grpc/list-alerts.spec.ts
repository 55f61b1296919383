import { status } from '@grpc/grpc-js';
import {
  encodeAlert,
  encodeAlertProgress,
  toTimestamp,
  type AlertMessage,
  type ListAlertsRequest,
  type ToldChange,
} from '@tillstream/contracts';
import { definitionFrom, smallStreamFile } from '@tillstream/contracts/testing';
import type { HoppingMetric } from '@tillstream/core';
import { MemoryResults } from '../testing/memory-results';
import type { QueryClient } from '../testing/query-client';
import { Replica } from '../testing/replica';

// Connections are involved: a busy machine may take its time.
jest.setTimeout(30_000);

const HOP_MS = 5_000;
const definition = definitionFrom(
  smallStreamFile(2).replace(
    'size: 20s, hop: 5s}',
    'size: 20s, hop: 5s}\n    alert: {when: "change(total, previous) > 5.00"}',
  ),
);
const sales = definition.metrics[0] as HoppingMetric;

let results: MemoryResults;
let replica: Replica;
let client: QueryClient;

beforeEach(async () => {
  results = new MemoryResults(definition);
  replica = await Replica.start(results);
  client = replica.client();
});

afterEach(() => replica.stop());

/** Tells that an alert about a category was opened by a window, or resolved; windows by their number. */
function tell(category: string, opened: number, resolved?: number, by = sales.alert!): void {
  const change: ToldChange = {
    kind: resolved === undefined ? 'opened' : 'resolved',
    group: JSON.stringify({ category }),
    startMs: (resolved ?? opened) * HOP_MS,
    sinceMs: opened * HOP_MS,
    openedMs: opened * HOP_MS,
    numbers: [1_000, 2, 500],
    history: [600],
    measures: { total: '10.00', orders: 2, average: '5.000000' },
  };
  const { alerts } = definition.topics;
  results.broker.append(alerts, 0, [encodeAlert(sales, by, change, 2), encodeAlertProgress(by, nowhere)]);
}

const nowhere = { decidedMs: 0, readFrom: [0, 0], closedUntilMs: [0, 0] };

const brief = ({ group, opened, state }: AlertMessage): string =>
  `${group['category']?.text ?? ''} ${Number(opened?.seconds) / 5} ${state}`;

async function all(request: Partial<ListAlertsRequest> = {}): Promise<AlertMessage[]> {
  const alerts: AlertMessage[] = [];
  let pageToken = '';
  do {
    const page = await client.listAlerts({ stream: 'small', ...request, pageToken });
    alerts.push(...page.alerts);
    pageToken = page.nextPageToken;
  } while (pageToken !== '');
  return alerts;
}

describe('ListAlerts', () => {
  it('says what was alerted, when, and what was seen', async () => {
    tell('books', 3);
    expect(await all()).toMatchObject([
      {
        id: `${sales.alert!.identity}|1970-01-01T00:00:15.000Z|{"category":"books"}`,
        metric: 'sales',
        definition: sales.alert!.identity.slice('sales@'.length),
        severity: 'warning',
        state: 'open',
        group: { category: { text: 'books' } },
        since: toTimestamp(3 * HOP_MS),
        opened: toTimestamp(3 * HOP_MS),
        resolved: null,
        measures: { total: { decimal: '10.00' }, orders: { integer: '2' }, average: { decimal: '5.000000' } },
        history: { 'change(total, previous)': { decimal: '6.00' } },
      },
    ]);
  });

  it('gives the newest first, each once however often it was told, with what has come since the last question', async () => {
    tell('books', 3);
    tell('toys', 5);
    expect((await all()).map(brief)).toEqual(['toys 5 open', 'books 3 open']);
    tell('books', 3, 6);
    tell('books', 3);
    tell('audio', 5);
    expect((await all()).map(brief)).toEqual(['audio 5 open', 'toys 5 open', 'books 3 resolved']);
    expect((await all())[2]?.resolved).toEqual(toTimestamp(6 * HOP_MS));
  });

  it('gives those that are open, of a metric, or opened in a range of time', async () => {
    for (const opened of [1, 2, 3, 4]) tell('books', opened);
    tell('books', 2, 4);
    expect((await all({ openOnly: true })).map(brief)).toEqual(['books 4 open', 'books 3 open', 'books 1 open']);
    const range = { from: toTimestamp(2 * HOP_MS), to: toTimestamp(4 * HOP_MS) };
    expect((await all(range)).map(brief)).toEqual(['books 3 open', 'books 2 resolved']);
    expect(await all({ metric: 'visitors' })).toEqual([]);
    expect(await all({ metric: 'sales' })).toHaveLength(4);
  });

  it('gives pages that neither repeat nor skip, whatever comes meanwhile', async () => {
    for (const opened of [1, 2, 3]) for (const category of ['a', 'b']) tell(category, opened);
    const first = await client.listAlerts({ stream: 'small', pageSize: 3 });
    tell('new', 9);
    tell('b', 1, 9);
    const second = await client.listAlerts({ stream: 'small', pageSize: 3, pageToken: first.nextPageToken });
    expect([...first.alerts, ...second.alerts].map(brief)).toEqual([
      ...['a 3 open', 'b 3 open', 'a 2 open', 'b 2 open', 'a 1 open', 'b 1 resolved'],
    ]);
    expect(second.nextPageToken).toBe('');
  });

  it('calls alerts retired that were open when what alerts was changed', async () => {
    tell('books', 3, undefined, { ...sales.alert!, identity: 'sales@00000000' });
    tell('toys', 3, undefined, { ...sales.alert!, identity: 'sales@00000000' });
    tell('toys', 3, 4, { ...sales.alert!, identity: 'sales@00000000' });
    expect((await all()).map(brief)).toEqual(['books 3 retired', 'toys 3 resolved']);
    expect(await all({ openOnly: true })).toEqual([]);
  });

  it('refuses what it cannot answer, by name', async () => {
    const { INVALID_ARGUMENT } = status;
    await expect(all({ metric: 'sale' })).rejects.toMatchObject({ code: INVALID_ARGUMENT });
    await expect(all({ from: toTimestamp(5), to: toTimestamp(5) })).rejects.toMatchObject({
      code: INVALID_ARGUMENT,
      details: 'from must be before to',
    });
    tell('a', 1);
    tell('b', 1);
    const { nextPageToken: pageToken } = await client.listAlerts({ stream: 'small', pageSize: 1 });
    await expect(client.listAlerts({ stream: 'small', openOnly: true, pageToken })).rejects.toMatchObject({
      code: INVALID_ARGUMENT,
    });
  });
});
