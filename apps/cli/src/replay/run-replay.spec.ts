import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseStreamFile, type StreamDefinition } from '@tillstream/contracts';
import { closingInputMs } from '@tillstream/engine';
import { PublishInterruptedError } from '../gateway/gateway-client';
import { fakeClock } from '../testing/fake-clock';
import { metricThatMisses } from './late-rows';
import type { ReplayBody } from './replay-bodies';
import { type ReplayPlan, type ReplayPorts, runReplay } from './run-replay';

const MINUTE = 60_000;
const definition = commerce();

/** The shop's stream with its first three metrics, whose windows are of minutes, and nothing that is derived from events. */
function commerce(): StreamDefinition {
  const file = join(__dirname, '../../../../deploy/streams/commerce.yaml');
  const parsed = parseStreamFile(readFileSync(file, 'utf8'), { file });
  if (!parsed.ok) throw new Error('the shipped stream file is broken');
  const { schema, metrics, topics, retention, sha256, text } = parsed.definition;
  return { schema, generation: 1, metrics: metrics.slice(0, 3), topics, retention, sha256, file, text };
}

const bodyAt = (...times: number[]): ReplayBody => ({
  rows: times.map((timeMs, i) => ({ file: 0, number: i + 1, text: `t${timeMs}`, timeMs })),
  span: { firstMs: Math.min(...times), lastMs: Math.max(...times) },
});

function setUp(change: Partial<ReplayPlan> = {}, ports: Partial<ReplayPorts> = {}) {
  const said: string[] = [];
  const clock = fakeClock();
  const stop = new AbortController();
  const whole: ReplayPorts = {
    publish: (body) => {
      said.push(`body ${body.toString().replaceAll('\n', ' ')} at ${clock.monotonicMs()}`);
      return Promise.resolve({ accepted: 1, rejected: [{ index: 0, code: 'wrong-type', path: 'x', message: '' }] });
    },
    decide: (decision) => {
      said.push('toMs' in decision ? `advance to ${decision.toMs}` : decision.kind);
      return Promise.resolve();
    },
    checkNotBehind: (timeMs) => {
      said.push(`check ${timeMs}`);
      return Promise.resolve();
    },
    acknowledged: (body) => void said.push(`acknowledged ${body.span?.lastMs}`),
    ...ports,
  };
  const plan = { definition, speed: Infinity, finish: false, resumed: false, lastMs: null, ...change };
  const run = (...bodies: ReplayBody[]) => runReplay(streamOf(bodies), plan, whole, clock, stop.signal);
  return { said, stop, run };
}

async function* streamOf(bodies: readonly ReplayBody[]): AsyncGenerator<ReplayBody> {
  for (const body of bodies) yield await Promise.resolve(body);
}

describe('a replay', () => {
  it('sends body after body between hold and release', async () => {
    const { run, said } = setUp();
    const outcome = await run(bodyAt(0, 1), bodyAt(2));
    expect(said).toEqual([
      'check 0',
      'hold',
      'body t0 t1 at 0',
      'acknowledged 1',
      'body t2 at 0',
      'acknowledged 2',
      'release',
    ]);
    expect(outcome).toMatchObject({ bodies: 2, rows: 3, accepted: 2, rejected: { 'wrong-type': 2 }, lastMs: 2 });
  });

  it('keeps to the speed', async () => {
    const { run, said } = setUp({ speed: 60 });
    await run(bodyAt(0), bodyAt(6_000), bodyAt(60_000, 66_000));
    expect(said.filter((line) => line.startsWith('body'))).toEqual([
      'body t0 at 0',
      'body t6000 at 100',
      'body t60000 t66000 at 1100',
    ]);
  });

  it('closes what is open at the end when told to, before it releases', async () => {
    const { run, said } = setUp({ finish: true });
    await run(bodyAt(90_000));
    // The newest funnel window begins at 1 minute, lasts 5 and waits 10.
    expect(said.slice(-2)).toEqual([`advance to ${16 * MINUTE}`, 'release']);
  });

  it('still closes when there was nothing left to send', async () => {
    const { run, said } = setUp({ finish: true, resumed: true, lastMs: 90_000 });
    await run();
    expect(said).toEqual(['hold', `advance to ${16 * MINUTE}`, 'release']);
  });

  it('leaves the log alone when its times are refused', async () => {
    const { run, said } = setUp({}, { checkNotBehind: () => Promise.reject(new Error('behind')) });
    await expect(run(bodyAt(0))).rejects.toThrow('behind');
    expect(said).toEqual([]);
  });

  it('counts the body it may have sent already as its own when it goes on', async () => {
    const { run, said } = setUp({ resumed: true });
    await run(bodyAt(5, 9));
    expect(said[0]).toBe('check 9');
  });

  it.each(['publish', 'acknowledged'] as const)('releases when %s fails', async (port) => {
    const { run, said } = setUp(
      {},
      {
        [port]: () => {
          throw new Error('broken');
        },
      },
    );
    await expect(run(bodyAt(0))).rejects.toThrow('broken');
    expect(said.at(-1)).toBe('release');
  });

  it('releases even when the hold failed half-way', async () => {
    const asked: string[] = [];
    const { run } = setUp(
      {},
      {
        decide: ({ kind }) => {
          asked.push(kind);
          return kind === 'hold' ? Promise.reject(new Error('no broker')) : Promise.resolve();
        },
      },
    );
    await expect(run(bodyAt(0))).rejects.toThrow('no broker');
    expect(asked).toEqual(['hold', 'release']);
  });

  it('says what to do when it could not release', async () => {
    const { run } = setUp(
      {},
      { decide: ({ kind }) => (kind === 'release' ? Promise.reject(new Error('gone')) : Promise.resolve()) },
    );
    await expect(run(bodyAt(0))).rejects.toMatchObject({
      message: 'the stream could not be released: gone',
      remedy: expect.stringContaining('till release commerce') as string,
    });
  });

  it('stops between two bodies when interrupted, and does not close anything', async () => {
    const { run, said, stop } = setUp({ finish: true }, { acknowledged: () => stop.abort() });
    await expect(run(bodyAt(0), bodyAt(1))).resolves.toMatchObject({ rows: 1, interrupted: true });
    expect(said.at(-1)).toBe('release');
    expect(said.filter((line) => line.startsWith('advance'))).toEqual([]);
  });

  it('does not take a body without an answer for acknowledged', async () => {
    const { run, said } = setUp({}, { publish: () => Promise.reject(new PublishInterruptedError('stopped')) });
    await expect(run(bodyAt(0))).resolves.toMatchObject({ rows: 0, interrupted: true });
    expect(said).toEqual(['check 0', 'hold', 'release']);
  });
});

describe('lateness of a replay', () => {
  const { metrics } = definition;

  it('begins where the first window that would hold an event is closed', () => {
    // Of 3:00 the first windows to close are those of revenue that end at 3:30; they wait a minute.
    expect(metricThatMisses(metrics, 3 * MINUTE, 4.5 * MINUTE - 1)).toBeNull();
    expect(metricThatMisses(metrics, 3 * MINUTE, 4.5 * MINUTE)?.name).toBe('revenue_by_category');
    expect(metricThatMisses(metrics, 3.5 * MINUTE - 1, 4.5 * MINUTE)?.name).toBe('revenue_by_category');
    expect(metricThatMisses(metrics, 3.5 * MINUTE, 4.5 * MINUTE)).toBeNull();
    expect(metricThatMisses(metrics, 0, -Infinity)).toBeNull();
  });

  it('is over for everything at the closing time', () => {
    expect(closingInputMs(definition, 90_000)).toBe(16 * MINUTE);
    expect(closingInputMs({ ...definition, metrics: [] }, 90_000)).toBe(90_000);
  });
});
