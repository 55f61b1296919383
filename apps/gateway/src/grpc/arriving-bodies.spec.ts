import { EventEmitter } from 'node:events';
import fc from 'fast-check';
import type { Reservation } from '../ingest/byte-budget';
import { ByteBudget } from '../ingest/byte-budget';
import { ArrivingBodies } from './arriving-bodies';
import type { ArrivalProblem, ArrivingBodiesOptions } from './arriving-bodies';

const LARGEST = 100;

/** A stream that is read, or not. */
class FakeStream extends EventEmitter {
  flowing = true;

  pause(): void {
    this.flowing = false;
  }

  resume(): void {
    this.flowing = true;
  }

  /** The beginning of a message, and so much of it. */
  begin(bytes: number, come = bytes, compressed = false): void {
    const chunk = Buffer.alloc(5 + come);
    chunk[0] = compressed ? 1 : 0;
    chunk.writeUInt32BE(bytes, 1);
    this.emit('data', chunk);
  }
}

interface Call {
  readonly stream: FakeStream;
  readonly bodies: ArrivingBodies;
  readonly problems: ArrivalProblem[];
}

function callOn(budget: ByteBudget, more: Partial<ArrivingBodiesOptions> = {}): Call {
  const stream = new FakeStream();
  const problems: ArrivalProblem[] = [];
  const bodies = new ArrivingBodies({
    stream: stream as unknown as ArrivingBodiesOptions['stream'],
    lane: () => budget.grpc,
    mayWait: false,
    maxBodyBytes: LARGEST,
    maxMessageBytes: LARGEST + 10,
    timeoutMs: 1_000,
    refuse: (problem) => problems.push(problem),
    ...more,
  });
  return { stream, bodies, problems };
}

/** As many as there is room for the largest, and nothing that is another lane's own. */
const roomFor = (bodies: number): ByteBudget => new ByteBudget(bodies * LARGEST, bodies * LARGEST);

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

describe('ArrivingBodies', () => {
  it('counts a body when its first bytes come, and refuses what finds no room before the rest has come', () => {
    const budget = roomFor(2);
    const calls = [callOn(budget), callOn(budget), callOn(budget)];
    for (const { stream } of calls) stream.begin(LARGEST, 1);
    expect(budget.inFlight).toBe(2 * LARGEST);
    expect(calls.map(({ problems }) => problems)).toEqual([[], [], ['no-room']]);
  });

  it('refuses everything while nothing is taken in', () => {
    const { stream, problems } = callOn(roomFor(1), { lane: () => null, mayWait: true });
    stream.begin(1);
    expect(problems).toEqual(['no-room']);
  });

  it('gives a share back when its call ends before the body has come', () => {
    const budget = roomFor(1);
    const { stream } = callOn(budget);
    stream.begin(LARGEST, 1);
    stream.emit('close');
    expect(budget.inFlight).toBe(0);
  });

  it('gives up a body that does not come in time', () => {
    const budget = roomFor(1);
    const { stream, problems } = callOn(budget);
    stream.begin(LARGEST, LARGEST - 1);
    jest.advanceTimersByTime(1_000);
    expect([problems, budget.inFlight]).toEqual([['too-slow'], 0]);
  });

  it('has patience with a stream between its bodies', () => {
    const { stream, problems } = callOn(roomFor(1), { mayWait: true });
    stream.begin(LARGEST);
    jest.advanceTimersByTime(60_000);
    expect(problems).toEqual([]);
  });

  it('reads a stream no further until there is room for its next body', () => {
    const budget = roomFor(1);
    const other = budget.grpc.reserve(LARGEST);
    const { stream, bodies, problems } = callOn(budget, { mayWait: true });
    let read = 0;
    stream.begin(LARGEST, 1);
    bodies.whenReadable(() => read++);
    expect([stream.flowing, read]).toEqual([false, 0]);
    other?.release();
    expect([stream.flowing, read, budget.inFlight, problems]).toEqual([true, 1, LARGEST, []]);
  });

  it('tells a stream that waited too long for room', () => {
    const budget = roomFor(1);
    budget.grpc.reserve(LARGEST);
    const { stream, problems } = callOn(budget, { mayWait: true });
    stream.begin(1);
    jest.advanceTimersByTime(1_000);
    expect(problems).toEqual(['no-room']);
  });

  it('counts what a compressed body may become, before it becomes that', () => {
    const budget = roomFor(1);
    const { stream, bodies } = callOn(budget);
    stream.begin(10, 10, true);
    expect(budget.inFlight).toBe(LARGEST);
    bodies.whenCounted((share) => share.shrink(30));
    expect(budget.inFlight).toBe(30);

    const second = callOn(budget, { mayWait: true });
    second.stream.begin(10, 10, true);
    expect([second.problems, budget.inFlight]).toEqual([['no-room'], 30]);
  });

  it('leaves a message that is far too long to others', () => {
    const { stream, problems } = callOn(roomFor(1));
    stream.begin(LARGEST + 11, 1);
    expect(problems).toEqual([]);
  });

  it('never lets more come than there is room for, hands every body out, and has all back in the end', () => {
    const step = fc.record({ call: fc.nat(3), bytes: fc.nat(LARGEST), cut: fc.nat(LARGEST), ends: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const budget = roomFor(2);
        const calls = [0, 1, 2, 3].map(() => callOn(budget, { mayWait: true }));
        const shares: Reservation[] = [];
        let sent = 0;
        const send = ({ stream, bodies }: Call, bytes: number, cut: number): void => {
          // As the peer of a stream that is not read: it sends nothing.
          if (!stream.flowing) return;
          sent += 1;
          const come = Math.min(cut, bytes);
          const rest = (): void => {
            if (come < bytes) stream.emit('data', Buffer.alloc(bytes - come));
            bodies.whenCounted((share) => shares.push(share));
          };
          stream.begin(bytes, come);
          if (stream.flowing || come === bytes) return rest();
          stream.resume = () => {
            stream.flowing = true;
            stream.resume = () => void (stream.flowing = true);
            rest();
          };
        };
        const endFirst = (): void => {
          const first = shares.shift();
          if (first === undefined) return;
          sent -= 1;
          first.release();
        };
        for (const { call, bytes, cut, ends } of steps) {
          send(calls[call] as Call, bytes, cut);
          expect(budget.inFlight).toBeLessThanOrEqual(2 * LARGEST);
          if (ends) endFirst();
        }
        while (shares.length > 0) endFirst();
        for (const { stream, problems } of calls) {
          stream.emit('close');
          expect(problems).toEqual([]);
        }
        expect([sent, budget.inFlight]).toEqual([0, 0]);
      }),
    );
  });
});
