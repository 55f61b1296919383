import { encodeDefinition, encodeGap } from '@tillstream/contracts';
import { definitionFrom } from '@tillstream/contracts/testing';
import { SINK_STREAM, sinkStream } from '../ports/sink.fixture';
import { sinkService } from './feed-intake';
import { FEEDS, REFUSED, SINKS, SinkWorld } from './sink-world.fixture';

const NAMES = SINKS.map(({ name }) => name);
/** Longer than a partition that stands still waits before it looks again. */
const LONG_MS = 18_000;
const NEVER = [null, null];

/** A world in which nothing goes wrong by itself, with events and finals to be stored. */
function calmWorld(definition = sinkStream()): SinkWorld {
  const world = new SinkWorld(5, definition);
  world.calm = true;
  return world;
}

function expectAll(world: SinkWorld): void {
  for (const name of NAMES) {
    for (const feed of FEEDS) expect([name, world.stored(name, feed)]).toEqual([name, world.expected(feed)]);
  }
}

describe('a partition on its way to a store outside', () => {
  it('is never passed over a hole, and goes on when the hole is accepted', async () => {
    const world = calmWorld();
    const [log] = world.logs;
    if (!log) throw new Error('there are two partitions');
    world.appendBatch(log, 0, 10);
    world.appendBatch(log, 14, 20);
    world.start();
    await world.pass(LONG_MS);
    for (const name of NAMES) {
      expect(world.stopped()).toContainEqual(
        expect.stringMatching(
          `^sink:sunk:${name}:events:0: the batch at offset 1 .* begins at raw offset 14, but everything from 10 on ` +
            `is still missing; .*till skip sink-writer:${name}`,
        ),
      );
      expect(world.stored(name, 'events').some((id) => id.includes('|0|9|'))).toBe(true);
      expect(world.stored(name, 'events').some((id) => id.includes('|0|15|'))).toBe(false);
      const gap = { service: sinkService(name, 'events'), partition: 0, from: 10, to: 14, reason: '' };
      world.broker.append(world.definition.topics.gaps, 0, [encodeGap(gap)]);
    }
    await world.pass(LONG_MS);
    expect(world.stopped()).toEqual([]);
    for (const name of NAMES) expect(world.stored(name, 'events').some((id) => id.includes('|0|15|'))).toBe(true);
  });

  it.each(FEEDS)(
    'stops when the log no longer holds what comes next of %s, until the loss is accepted',
    async (feed) => {
      const world = calmWorld();
      world.writeEvents(12);
      world.writeFinals(12);
      const first = world.start();
      await world.runUntilStored(NAMES);
      world.kill(first);

      world.writeEvents();
      world.writeFinals();
      const topic = feed === 'events' ? world.definition.topics.enriched : world.definition.topics.metrics;
      const end = world.broker.end(topic, 0);
      world.broker.trim(topic, 0, end - 2);
      world.start();
      await world.pass(LONG_MS);
      const stopped = world.stopped();
      expect(stopped).toHaveLength(2);
      for (const reason of stopped) {
        const [, service = '', from = '', to = ''] =
          /`till skip (\S+) sunk 0 (\d+) (\d+)` accepts the loss$/.exec(reason) ?? [];
        expect([sinkService('knowing', feed), sinkService('upserting', feed)]).toContain(service);
        const gap = { service, partition: 0, from: Number(from), to: Number(to), reason: 'lost' };
        world.broker.append(world.definition.topics.gaps, 0, [encodeGap(gap)]);
      }
      await world.pass(LONG_MS);
      expect(world.stopped()).toEqual([]);
    },
  );

  it('stops with the words of a store that refuses everything, and goes on when somebody has acted', async () => {
    const world = calmWorld();
    world.writeEvents(12);
    world.refusing.add('knowing');
    world.start();
    await world.runUntilStored(['upserting']);
    await world.pass(LONG_MS);
    expect(world.stopped()).toContain('sink:sunk:knowing:events:1: there is no such bucket');
    world.refusing.clear();
    await world.runUntilStored(NAMES);
    await world.pass(LONG_MS);
    expectAll(world);
    expect(world.stopped()).toEqual([]);
  });

  it('does not pass rows that the store refuses before they stand in the dead letters', async () => {
    const world = calmWorld();
    const refused = [0, 1].map((partition) => world.appendResult('f', partition, REFUSED - 1)).sort();
    world.stalled.add(world.definition.topics.sinkDeadLetters);
    const first = world.start();
    await world.pass(LONG_MS);
    for (const name of NAMES) expect([world.passed(name, 0), world.passed(name, 1)]).toEqual([NEVER, NEVER]);
    world.kill(first);
    world.stalled.clear();
    world.start();
    await world.pass(LONG_MS);
    for (const name of NAMES) expect([name, world.deadLetters(name)]).toEqual([name, refused]);
  });

  it('has finals in the table of their metric under whichever file they are read again', async () => {
    const world = calmWorld();
    const after = definitionFrom(SINK_STREAM.replace(/ {2}visitors:[^]*$/, ''), 'sunk.yaml');
    const { definitions } = world.definition.topics;
    world.broker.append(definitions, 0, [encodeDefinition(world.definition)]);
    world.writeFinals(10);
    const first = world.start();
    await world.runUntilStored(NAMES);
    world.kill(first);
    world.broker.append(definitions, 0, [encodeDefinition(after)]);
    const again = [0, 1, 3, 4].map((told) => world.appendResult('f', 0, told)); // by a publisher that was away
    world.start();
    await world.pass(LONG_MS);
    const all = [...new Set([...world.expected('finals'), ...again])].sort();
    for (const name of NAMES) expect([name, world.stored(name, 'finals')]).toEqual([name, all]);
  });

  it('reads finals of a metric of a file that was put live meanwhile under that file', async () => {
    const world = calmWorld();
    const { definitions } = world.definition.topics;
    world.broker.append(definitions, 0, [encodeDefinition(world.definition)]);
    world.writeFinals(10);
    world.start();
    await world.runUntilStored(NAMES);
    const after = definitionFrom(SINK_STREAM.replace('{size: 10s}', '{size: 30s}'), 'sunk.yaml');
    world.broker.append(definitions, 0, [encodeDefinition(after)]);
    const id = world.appendResult('f', 0, 13, after);
    expect(id).not.toContain(world.definition.metrics[1]?.identity);
    await world.pass(LONG_MS);
    for (const name of NAMES) expect(world.stored(name, 'finals')).toContain(id);
  });
});
