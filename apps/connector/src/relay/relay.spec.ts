import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { GatewayDoor } from '../gateway/gateway-door';
import { SourceProblem } from '../source/source-problem';
import { SseSource } from '../source/sse-source';
import { type DoorBehaviour, FakeGateway } from '../testing/fake-gateway';
import { type Behaviour, idOf, SseServer } from '../testing/sse-server';
import { Relay, type RelayObserver, type RelayPorts } from './relay';

/** Where a source falls silent, this is waited for; elsewhere nobody waits so long. */
const SHORT_STALL_MS = 150;
const LONG_STALL_MS = 30_000;
const NOW_MS = Date.parse('2026-03-01T09:00:00Z');
const CAPTURE = join(
  process.env['TILLSTREAM_DATA'] ?? '../shared/data',
  'wikimedia/recentchange_2020-06-24T0957Z.jsonl.gz',
);

/** Real events where there are some, else made ones: each another, with text beyond ASCII. */
function someEvents(): readonly string[] {
  if (existsSync(CAPTURE)) return gunzipSync(readFileSync(CAPTURE)).toString('utf8').trim().split('\n');
  return Array.from({ length: 943 }, (_, i) => JSON.stringify({ meta: { id: `e${i}` }, title: 'Nyköping 😀 "a"\\n' }));
}

const EVENTS = someEvents();

class Saved {
  lastId: string | null = null;
  saves = 0;

  constructor(
    /** Crashes: before or after the n-th save. */
    private readonly crashes: readonly { readonly save: number; readonly saved: boolean }[],
    private readonly onSave: (id: string) => void,
  ) {}

  load = (): Promise<string | null> => Promise.resolve(this.lastId);

  save = (id: string): Promise<void> => {
    this.saves += 1;
    const crash = this.crashes.find(({ save }) => save === this.saves);
    if (crash === undefined || crash.saved) {
      this.lastId = id;
      this.onSave(id);
    }
    return crash === undefined ? Promise.resolve() : Promise.reject(new Error('the power went out'));
  };
}

const SILENT: RelayObserver = {
  opened: () => undefined,
  closed: () => undefined,
  received: () => undefined,
  passedOver: () => undefined,
  delivered: () => undefined,
  notDelivered: () => undefined,
};

/** A relay that waits for nothing but others. */
function relayOf(
  ports: Omit<RelayPorts, 'pause' | 'chance'>,
  { chance, maxQueuedBytes } = { chance: 1, maxQueuedBytes: 1 << 20 },
): Relay {
  return new Relay(
    { ...ports, pause: () => nextTurn(), chance: () => chance },
    { retry: { firstMs: 1_000, mostMs: 60_000 }, gatherMs: 0, maxQueuedBytes },
  );
}

interface Life {
  readonly events: readonly string[];
  readonly source: Behaviour[];
  readonly door?: DoorBehaviour[];
  readonly crashes?: readonly { readonly save: number; readonly saved: boolean }[];
  readonly maxQueuedBytes?: number;
  readonly stallMs?: number;
  readonly chance?: number;
}

/** Runs a connector through what happens to it, over restarts, until the last event is known to have been delivered. */
async function live(life: Life) {
  const { events, source, door = [], crashes = [], maxQueuedBytes = 1 << 20, stallMs = LONG_STALL_MS, chance = 1 } = life; // prettier-ignore
  const server = new SseServer(events, source);
  const gateway = new FakeGateway(door);
  const url = await server.start();
  const gatewayUrl = await gateway.start();
  const closed: string[] = [];
  const pauses: number[] = [];
  const aheadOfGateway: string[] = [];
  let finish = (): void => undefined;
  const finished = new Promise<void>((resolve) => (finish = resolve));
  const lastId = idOf(events.length - 1);
  const positions = new Saved(crashes, (id) => {
    // What is kept never runs ahead of what the gateway has.
    const known = new Set(gateway.taken);
    const upTo = (JSON.parse(id) as [{ offset: number }])[0].offset;
    if (events.slice(0, upTo + 1).some((event) => !known.has(event))) aheadOfGateway.push(id);
    if (id === lastId) finish();
  });
  const observer: RelayObserver = {
    ...SILENT,
    closed: (reason, _message, pauseMs) => {
      closed.push(reason);
      if (pauseMs !== null) pauses.push(pauseMs);
    },
    notDelivered: (_message, pauseMs) => void pauses.push(pauseMs),
  };
  const options = { url, since: null, userAgent: 'test', stallMs };
  for (let isDone = false; !isDone;) {
    const source = new SseSource(options, () => NOW_MS);
    const door = new GatewayDoor({ url: gatewayUrl, key: 'key', tls: { current: {} } }, 'wikimedia', () => NOW_MS);
    const relay = relayOf({ source, door, positions, observer }, { chance, maxQueuedBytes });
    await relay.start();
    isDone = await Promise.race([
      finished.then(() => true),
      relay.done.then(
        () => true,
        () => false,
      ),
    ]);
    await relay.stop().catch(() => undefined);
  }
  await server.stop();
  await gateway.stop();
  expect(aheadOfGateway).toEqual([]);
  return { server, gateway, closed, pauses };
}

/** As the enricher counts them: each event once. */
const once = (lines: readonly string[]): string[] => [...new Set(lines)];

const serve = (events: number, then: 'end' | 'cut' | 'stall', repeats = 0): Behaviour => ({
  kind: 'serve',
  events,
  repeats,
  then,
});
const behaviours = fc.oneof(
  fc.record({
    kind: fc.constant('serve' as const),
    events: fc.nat(60),
    repeats: fc.nat(5),
    then: fc.constantFrom('end' as const, 'end' as const, 'cut' as const, 'cut' as const, 'stall' as const),
  }),
  fc.constantFrom<Behaviour>(
    { kind: 'reset' },
    { kind: 'answer', status: 503, headers: { 'retry-after': '1' } },
    { kind: 'answer', status: 429, headers: {} },
    { kind: 'answer', status: 200, headers: { 'content-type': 'text/html' } },
  ),
);
const doors = fc.constantFrom<DoorBehaviour>('take', 'take-and-lose', 'busy', 'unavailable', 'unavailable-but-taken');

describe('a connector', () => {
  /** What a test has opened is ended also when it fails. */
  const opened: { stop(): Promise<void> }[] = [];
  afterEach(async () => {
    for (const one of opened.splice(0).reverse()) await one.stop();
  });

  it('brings every event, in order, whatever becomes of connections, answers and itself', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(behaviours, { maxLength: 8 }),
        fc.array(doors, { maxLength: 12 }),
        fc.array(fc.record({ save: fc.integer({ min: 1, max: 20 }), saved: fc.boolean() }), { maxLength: 3 }),
        async (source, door, crashes) => {
          const events = EVENTS.slice(0, 200);
          const { gateway } = await live({ events, source: [...source], door: [...door], crashes, stallMs: SHORT_STALL_MS }); // prettier-ignore
          expect(once(gateway.taken)).toEqual(events);
        },
      ),
      { numRuns: 40 },
    );
  }, 120_000);

  it('brings a whole capture, with its text as it was, through cuts in the middle of events and repeats', async () => {
    const source = Array.from({ length: 30 }, (_, i) => serve(20 + i, i % 3 === 0 ? 'end' : 'cut', i % 4));
    const { gateway, server } = await live({ events: EVENTS, source });
    expect(once(gateway.taken)).toEqual(EVENTS);
    expect(server.asked.slice(0, 3)).toEqual([null, idOf(19), idOf(40)]);
  });

  it('goes on behind the last event that was acknowledged when it was killed, not behind the last one read', async () => {
    const { gateway, server } = await live({
      events: EVENTS.slice(0, 50),
      source: [serve(50, 'stall')],
      door: ['take'],
      crashes: [{ save: 1, saved: false }],
    });
    expect(server.asked).toEqual([null, null]);
    expect(once(gateway.taken)).toEqual(EVENTS.slice(0, 50));
    expect(gateway.taken.length).toBeGreaterThan(50);
  });

  it('waits longer after each attempt in vain, as long as the source asks, and not at all that long afterwards', async () => {
    const busy = (header?: string): Behaviour => ({
      kind: 'answer',
      status: 503,
      headers: header === undefined ? {} : { 'retry-after': header },
    });
    const { closed, pauses } = await live({
      events: EVENTS.slice(0, 20),
      source: [
        ...[busy(), busy(), { kind: 'reset' as const }, busy('100')],
        busy(new Date(NOW_MS + 90_000).toUTCString()),
        { kind: 'answer', status: 200, headers: { 'content-type': 'text/html' } },
        { ...serve(5, 'end'), retryMs: 3_000 } as Behaviour,
        serve(5, 'cut'),
        busy(),
      ],
    });
    expect(closed).toEqual([
      ...['refused', 'refused', 'unreachable', 'refused', 'refused', 'refused'],
      ...['ended', 'cut', 'refused'],
    ]);
    expect(pauses).toEqual([2_000, 4_000, 8_000, 100_000, 90_000, 60_000, 3_000, 3_000, 6_000]);
  });

  it('never comes back earlier than the source asks by `retry:`, whatever chance says', async () => {
    const { pauses } = await live({
      events: EVENTS.slice(0, 15),
      source: [serve(5, 'end'), { ...serve(5, 'end'), retryMs: 90_000 } as Behaviour],
      chance: 0,
    });
    expect(pauses).toEqual([500, 90_000]);
  });

  it('connects no more when the source has said that there is no more, and brings what it has', async () => {
    const gateway = new FakeGateway([]);
    const url = await gateway.start();
    opened.push(gateway);
    const closed: unknown[] = [];
    const positions = new Saved([], () => undefined);
    let connections = 0;
    const source: Pick<SseSource, 'read'> = {
      read: async (_lastEventId, listener) => {
        connections += 1;
        if (connections > 1) throw new SourceProblem('no-more', 'there is no more');
        await listener.take([{ data: '{}', id: idOf(0) }]);
      },
    };
    const relay = relayOf({
      source,
      door: new GatewayDoor({ url, key: null, tls: { current: {} } }, 'wikimedia', () => NOW_MS),
      positions,
      observer: { ...SILENT, closed: (...told) => void closed.push(told) },
    });
    opened.push(relay);
    await relay.start();
    while (positions.lastId === null) await nextTurn();
    for (let turn = 0; turn < 100; turn += 1) await nextTurn();
    expect(connections).toBe(2);
    expect(closed.at(-1)).toEqual(['no-more', 'there is no more', null]);
    expect(gateway.taken).toEqual(['{}']);
  });

  it('waits, when it is to stop, for the body that is under way, and keeps its position; reads and sends no more', async () => {
    const gateway = new FakeGateway(['wait']);
    const server = new SseServer(EVENTS.slice(0, 50), [serve(20, 'stall')]);
    const [url, gatewayUrl] = [await server.start(), await gateway.start()];
    opened.push(server, gateway);
    const positions = new Saved([], () => undefined);
    const relay = relayOf({
      source: new SseSource({ url, since: null, userAgent: 'test', stallMs: LONG_STALL_MS }, () => NOW_MS),
      door: new GatewayDoor({ url: gatewayUrl, key: null, tls: { current: {} } }, 'wikimedia', () => NOW_MS),
      positions,
      observer: SILENT,
    });
    await relay.start();
    while (gateway.keys.length === 0) await nextTurn();
    let hasStopped = false;
    const stopped = relay.stop().then(() => (hasStopped = true));
    for (let turn = 0; turn < 100; turn += 1) await nextTurn();
    expect(hasStopped).toBe(false);
    gateway.release();
    await stopped;
    expect(gateway.taken.length).toBeGreaterThan(0);
    expect(positions.lastId).toBe(idOf(gateway.taken.length - 1));
    expect([gateway.keys.length, server.asked.length]).toEqual([1, 1]);
  });

  it('gives up a connection on which nothing comes', async () => {
    const { closed, gateway } = await live({ events: EVENTS.slice(0, 30), source: [serve(10, 'stall')], stallMs: SHORT_STALL_MS }); // prettier-ignore
    expect(closed[0]).toBe('stalled');
    expect(once(gateway.taken)).toEqual(EVENTS.slice(0, 30));
  });

  it('sends the same bytes with the same key until they are taken', async () => {
    const { gateway, pauses } = await live({
      events: EVENTS.slice(0, 3),
      source: [],
      door: ['unavailable', 'busy', 'take-and-lose'],
    });
    expect(once(gateway.taken)).toEqual(EVENTS.slice(0, 3));
    expect(new Set(gateway.keys.slice(0, 4)).size).toBe(1);
    expect(pauses.slice(0, 3)).toEqual([7_000, 7_000, 800]);
  });
});
