import { setImmediate as nextTurn } from 'node:timers/promises';
import { status, type ServiceError } from '@grpc/grpc-js';
import { encodeControl, type ExplainWindowResponse, toTimestamp } from '@tillstream/contracts';
import { partitionOf } from '@tillstream/core';
import { smallDefinition } from '@tillstream/contracts/testing';
import { MemoryResults } from '../testing/memory-results';
import { Replica, type ReplicaOptions } from '../testing/replica';

// Connections are involved: a busy machine may take its time.
jest.setTimeout(30_000);

const START_MS = Date.UTC(2026, 0, 1);
const PARTITIONS = 2;
const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';

let results: MemoryResults;
let replica: Replica;
let ids: number;

beforeEach(() => {
  results = new MemoryResults(smallDefinition(PARTITIONS));
  ids = 0;
});

afterEach(() => replica.stop());

const utf8 = new TextEncoder();

/** Writes one event to the partition of its user. Returns its place. */
function write(event: Readonly<Record<string, unknown>>, traceparent?: string): { partition: number; offset: string } {
  const user = String(event['user']);
  const text = utf8.encode(user);
  const partition = partitionOf(text, 0, text.length, PARTITIONS);
  const value = utf8.encode(JSON.stringify({ id: `e${(ids += 1)}`, kind: 'buy', category: 'books', ...event }));
  const headers = traceparent === undefined ? {} : contextOf(traceparent);
  const { raw } = results.definition.topics;
  const offset = results.broker.append(raw, partition, [{ key: null, value, headers }]);
  return { partition, offset: String(offset) };
}

const contextOf = (traceparent: string) => ({ traceparent: utf8.encode(traceparent) });

const at = (second: number): string => new Date(START_MS + second * 1_000).toISOString();

/** Closes all windows that hold a row. */
function advance(): void {
  const { raw } = results.definition.topics;
  for (let p = 0; p < PARTITIONS; p += 1) {
    results.broker.append(raw, p, [encodeControl({ kind: 'advance', toMs: START_MS + 3_600_000 })]);
  }
}

function nullIfThereAreMany(error: unknown): null {
  if ((error as ServiceError).code !== status.RESOURCE_EXHAUSTED) throw error;
  return null;
}

/** A shop of two users, in which one event comes twice, one too late, one is broken, and one is no purchase. */
function shop(): void {
  write({ user: 'u1', at: at(1), amount: '7.50' }, `00-${TRACE_ID}-b7ad6b7169203331-01`);
  write({ user: 'u2', at: at(2), amount: '2.50' }, `00-1${TRACE_ID.slice(1)}-b7ad6b7169203331-00`);
  write({ user: 'u1', at: at(3), amount: '1.00', category: 'toys' });
  write({ user: 'u1', at: at(4), kind: 'view' });
  write({ user: 'u1', at: at(4), amount: 'nothing' });
  write({ id: 'e1', user: 'u1', at: at(1), amount: '7.50' });
  write({ user: 'u1', at: at(5), amount: '0.25' });
  advance();
  write({ user: 'u1', at: at(6), amount: '100.00' });
}

async function ask(request: object = {}, options: ReplicaOptions = {}): Promise<ExplainWindowResponse> {
  replica = await Replica.start(results, options);
  return replica.client().explainWindow({ ...QUESTION, ...request });
}

const QUESTION = {
  stream: 'small',
  metric: 'sales',
  windowStart: toTimestamp(START_MS),
  group: { category: { text: 'books' } },
};

const sum = (response: ExplainWindowResponse, name: 'counted' | 'filtered' | 'duplicates' | 'otherGroups'): number =>
  response.partitions.reduce((total, partition) => total + Number(partition[name]), 0);

describe('ExplainWindow', () => {
  it('says which rows a number is made of, which were left out and why, and where they stand', async () => {
    shop();
    const answer = await ask();
    expect(answer.verdict).toBe('untold');
    expect(answer.recomputed).toMatchObject({
      measures: { total: { decimal: '10.25' }, orders: { integer: '3' } },
      final: true,
    });
    expect(answer.told).toBeNull();
    expect(sum(answer, 'counted')).toBe(3);
    expect(sum(answer, 'filtered')).toBe(1);
    expect(sum(answer, 'duplicates')).toBe(1);
    expect(sum(answer, 'otherGroups')).toBe(1);
    expect(answer.partitions.map(({ deadLetters }) => deadLetters)).toContainEqual({ 'wrong-type': '1' });
    expect(answer.samples.map(({ fate }) => fate)).toEqual([
      'counted',
      'counted',
      'counted',
      'late',
      'duplicate',
      'filtered',
    ]);
    expect(JSON.parse(answer.samples[3]?.row ?? '')).toMatchObject({ amount: 100 });
    expect(answer.traceIds).toEqual([TRACE_ID]);
    for (const { contributed, counted, closedAt } of answer.partitions) {
      expect(Number(contributed?.next ?? 0) > Number(contributed?.from ?? 0)).toBe(counted !== '0');
      expect(closedAt).not.toBeNull();
    }
  });

  it('compares with what was told, and gives every revision that is retained', async () => {
    shop();
    const group = { category: 'books' };
    const measures = { total: '7.50', orders: 1, average: '7.500000' };
    results.write(1, [{ metric: 'sales', startMs: START_MS, group, measures, revision: 1 }]);
    results.write(0, [{ metric: 'sales', startMs: START_MS, group, measures, revision: 2 }]);
    results.write(0, [{ metric: 'sales', startMs: START_MS, group, measures, revision: 9, final: true }]);
    results.write(1, [{ metric: 'sales', startMs: START_MS, group, measures, revision: 9, final: true }]);
    results.late(0, 'sales', START_MS, 1);
    const answer = await ask();
    expect(answer.verdict).toBe('differs');
    expect(answer.told).toMatchObject({
      final: true,
      revision: '9',
      lateRows: '1',
      measures: { orders: { integer: '1' } },
    });
    expect(answer.revisions.at(-1)).toMatchObject({
      final: true,
      revision: '9',
      measures: { total: { decimal: '7.50' } },
    });
  });

  describe('of the trace of a final', () => {
    const endOf = (partition: number): string => String(partition + 1).repeat(32);
    const sampled = (traceId: string, flags = '01') => ({
      headers: contextOf(`00-${traceId}-b7ad6b7169203331-${flags}`),
    });
    const told = (category: string, more: object = {}) => {
      const measures = { total: '10.25', orders: 3, average: '3.416667' };
      return { metric: 'sales', startMs: START_MS, group: { category }, measures, revision: 9, final: true, ...more };
    };

    it('names the one that only the first of its window tells, in its partition', async () => {
      shop();
      for (let p = 0; p < PARTITIONS; p += 1) {
        const other = '7'.repeat(32);
        results.write(p, [
          told('books', { startMs: START_MS - 5_000, ...sampled(other) }), // of another window
          told('books', { final: false, revision: 1, ...sampled(other) }), // of the batch before
          told('air', sampled(endOf(p))),
          told('books'),
          told('books', sampled(other)), // told again by another owner
        ]);
      }
      const { told: stands, revisions, finalTraceId } = await ask();
      expect(stands?.final).toBe(true);
      expect(finalTraceId).toBe(endOf(revisions[0]?.position?.partition ?? NaN));
    });

    it('says nothing where it was not sampled, or no final stands', async () => {
      shop();
      for (let p = 0; p < PARTITIONS; p += 1) results.write(p, [told('books', sampled(endOf(p), '00'))]);
      expect((await ask()).finalTraceId).toBe('');
      for (let p = 0; p < PARTITIONS; p += 1) results.write(p, [told('air', sampled(endOf(p)))]);
      const toys = { ...QUESTION, group: { category: { text: 'toys' } } };
      const answer = await replica.client().explainWindow(toys);
      expect([answer.told, answer.finalTraceId]).toEqual([null, '']);
    });
  });

  it('refuses what makes no sense, and says what would', async () => {
    shop();
    await ask();
    const refused = (request: object): Promise<unknown> => replica.client().explainWindow({ ...QUESTION, ...request });
    const wrong = (details: string) => ({ code: status.INVALID_ARGUMENT, details: expect.stringContaining(details) });
    await expect(refused({ metric: 'x' })).rejects.toMatchObject(wrong('it has sales, spend and visitors'));
    await expect(refused({ windowStart: null })).rejects.toMatchObject(wrong('window_start must be set'));
    const between = toTimestamp(START_MS + 1_000);
    await expect(refused({ windowStart: between })).rejects.toMatchObject(wrong('2026-01-01T00:00:05.000Z'));
    await expect(refused({ group: {} })).rejects.toMatchObject(wrong('give category too'));
    await expect(refused({ group: { kind: { text: 'buy' } } })).rejects.toMatchObject(wrong('no group field "kind"'));
    await expect(refused({ samples: 21 })).rejects.toMatchObject(wrong('at most 20'));
  });

  it('says which windows the log still has whole', async () => {
    shop();
    const { raw } = results.definition.topics;
    for (let p = 0; p < PARTITIONS; p += 1) results.broker.trim(raw, p, 1);
    await expect(ask()).rejects.toMatchObject({
      code: status.FAILED_PRECONDITION,
      details: expect.stringContaining('begins now, at offset 1'),
    });
  });

  /** Explanations wait for raw until it is opened. */
  function gateRaw(): { readonly open: () => void; readonly reached: () => Promise<void> } {
    const { log } = results;
    const { raw } = results.definition.topics;
    const { begin } = log;
    let open = (): void => undefined;
    const gate = new Promise<void>((resolve) => (open = resolve));
    let asked = 0;
    log.begin = async (topic, partition) => {
      if (topic === raw) {
        asked += 1;
        await gate;
      }
      return begin.call(log, topic, partition);
    };
    // Two explanations have asked for each partition.
    const reached = async (): Promise<void> => {
      while (asked < 2 * PARTITIONS) await nextTurn();
    };
    return { open, reached };
  }

  it('works on a few at a time, and gives up one that takes too long', async () => {
    shop();
    const { open, reached } = gateRaw();
    replica = await Replica.start(results, { explainTimeoutMs: 1 });
    const client = replica.client();
    const under = [client.explainWindow(QUESTION), client.explainWindow(QUESTION)].map((answer) =>
      answer.then(
        () => null,
        (error: unknown) => error,
      ),
    );
    await reached();
    await expect(client.explainWindow(QUESTION)).rejects.toMatchObject({ code: status.RESOURCE_EXHAUSTED });
    await new Promise((resolve) => AbortSignal.timeout(1).addEventListener('abort', resolve)); // set later, it ends later
    open();
    for (const error of await Promise.all(under)) expect(error).toMatchObject({ code: status.DEADLINE_EXCEEDED });
    // Those that were given up make room.
    const next = await client.explainWindow(QUESTION).catch((error: unknown) => error);
    expect(next).not.toMatchObject({ code: status.RESOURCE_EXHAUSTED });
  });

  it('gives up what nobody waits for, and makes room for others', async () => {
    shop();
    const { open, reached } = gateRaw();
    replica = await Replica.start(results);
    const client = replica.client();
    const caller = new AbortController();
    const given = [client.explainWindow(QUESTION, caller.signal), client.explainWindow(QUESTION, caller.signal)];
    const ends = given.map((answer) => expect(answer).rejects.toMatchObject({ code: status.CANCELLED }));
    await reached();
    caller.abort();
    await Promise.all(ends);
    await client.listMetrics({ stream: 'small' }); // what comes behind it on the connection: the replica knows
    open();
    let answer: ExplainWindowResponse | null = null;
    while (answer === null) answer = await client.explainWindow(QUESTION).catch(nullIfThereAreMany);
    expect(sum(answer, 'counted')).toBe(3);
    expect(replica.faults).toEqual([]);
  });

  it('sends elsewhere who asks a replica that is stopping', async () => {
    shop();
    const { open, reached } = gateRaw();
    replica = await Replica.start(results);
    const client = replica.client();
    const ends = [client.explainWindow(QUESTION), client.explainWindow(QUESTION)].map((answer) =>
      expect(answer).rejects.toMatchObject({ code: status.UNAVAILABLE }),
    );
    await reached();
    const stopped = replica.drain();
    open();
    await Promise.all(ends);
    await stopped;
  });
});
