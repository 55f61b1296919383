import { FEEDS, SINKS, SinkWorld } from './sink-world.fixture';

const LIVES = 12;

describe('a stream’s feeds in stores outside', () => {
  it.each(Array.from({ length: 6 }, (_, i) => i + 1))(
    'are whole and once, whatever happens (seed %i)',
    async (seed) => {
      const world = new SinkWorld(seed);
      world.writeFinals();
      world.writeEvents();
      const alive = [world.start(), world.start()];
      for (let life = 0; life < LIVES; life += 1) {
        world.writeEvents(world.random.below(8));
        world.writeFinals(world.random.below(8));
        await world.pass(100 + world.random.below(700));
        const victim = world.random.pick(alive);
        switch (world.random.below(4)) {
          case 0:
            world.kill(victim);
            alive.splice(alive.indexOf(victim), 1, world.start());
            break;
          case 1:
            alive.splice(alive.indexOf(victim), 1, world.start());
            await world.leaveForDead(victim, 200 + world.random.below(800));
            break;
          case 2:
            world.down.add(world.random.pick(SINKS).name);
            break;
          default:
            world.down.clear();
        }
      }
      world.calm = true;
      world.down.clear();
      await world.runUntilStored(SINKS.map(({ name }) => name));
      for (const { name } of SINKS) {
        for (const feed of FEEDS) expect([name, world.stored(name, feed)]).toEqual([name, world.expected(feed)]);
        expect([name, world.deadLetters(name)]).toEqual([name, world.refused()]);
      }
    },
  );

  it('reach one store while another does not answer', async () => {
    const world = new SinkWorld(7);
    world.calm = true;
    world.writeEvents();
    world.writeFinals();
    world.down.add('knowing');
    world.start();
    await world.runUntilStored(['upserting']);
    expect(FEEDS.map((feed) => world.stored('knowing', feed))).toEqual([[], []]);
    expect(FEEDS.map((feed) => world.stored('upserting', feed))).toEqual(FEEDS.map((feed) => world.expected(feed)));
    world.down.clear();
    await world.runUntilStored(['knowing']);
    expect(FEEDS.map((feed) => world.stored('knowing', feed))).toEqual(FEEDS.map((feed) => world.expected(feed)));
  });
});
