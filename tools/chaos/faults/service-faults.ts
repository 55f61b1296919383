import { readFileSync } from 'node:fs';
import type { SeededRandom } from '@tillstream/engine/testing';
import { until } from '../../e2e/platform';
import type { Fault, ServiceName, ServiceSlot, Stage } from '../fault';
import { SESSION_TIMEOUT_MS } from '../stage/chaos-stage';

const SERVICES: readonly ServiceName[] = ['gateway', 'enricher', 'aggregator', 'query-api'];
/** The two whose replicas share partitions, and have something to lose. */
const OWNERS: readonly ServiceName[] = ['enricher', 'aggregator'];
const TAKEN_OVER_WITHIN_MS = 20_000;

/** SIGKILL to one process of a service, and a new one a little later. */
const killed: Fault[] = SERVICES.map((service) => ({
  name: `${service}-killed`,
  weight: OWNERS.includes(service) ? 2 : 1,
  strike: async (stage, random) => {
    const slot = random.pick(stage.services.of(service));
    const downMs = random.pick([0, random.below(1_000), random.below(5_000)]);
    return stage.alone(slot.name, async () => {
      await slot.kill();
      await stage.sleep(downMs);
      await slot.start();
      return `${slot.name} killed, started again after ${downMs} ms`;
    });
  },
}));

/** Killed again while it comes back, when it reads its checkpoint and claims its partitions. */
const killedTwice: Fault = {
  name: 'owner-killed-twice',
  strike: async (stage, random) => {
    const slot = random.pick(stage.services.of(random.pick(OWNERS)));
    const firstLifeMs = 300 + random.below(3_000);
    return stage.alone(slot.name, async () => {
      await slot.kill();
      await slot.start();
      await stage.sleep(firstLifeMs);
      await slot.kill();
      await slot.start();
      return `${slot.name} killed, and again ${firstLifeMs} ms after its start`;
    });
  },
};

/** A rolling update: SIGTERM, and a new process when the old one has ended in order. */
const replaced: Fault = {
  name: 'service-replaced',
  strike: async (stage, random) => {
    const slot = random.pick(stage.services.of(random.pick(SERVICES)));
    return stage.alone(slot.name, async () => {
      await slot.stop();
      await slot.start();
      return `${slot.name} stopped in order, started again`;
    });
  },
};

/** SIGSTOP for less than anybody waits. */
const paused: Fault[] = SERVICES.map((service) => ({
  name: `${service}-paused`,
  strike: async (stage, random) => {
    const slot = random.pick(stage.services.of(service));
    const ms = 200 + random.below(SESSION_TIMEOUT_MS - 500);
    return stage.alone(slot.name, async () => {
      await slot.pause();
      await stage.sleep(ms);
      await slot.resume();
      return `${slot.name} stood still for ${ms} ms`;
    });
  },
}));

/** An owner stands still until others have its partitions, and then goes on as if nothing had happened. */
const zombies: Fault[] = OWNERS.map((service) => ({
  name: `${service}-zombie`,
  weight: 3,
  strike: async (stage, random) => {
    const slot = random.pick(stage.services.of(service));
    const afterMs = random.below(2_000);
    return stage.alone(slot.name, async () => {
      const heirs = stage.services.of(service).filter((other) => other !== slot);
      const joins = heirs.map(joinsOf);
      await slot.pause();
      const startedMs = performance.now();
      await stage.sleep(SESSION_TIMEOUT_MS);
      const tookOver = await until('somebody to take over', TAKEN_OVER_WITHIN_MS, () =>
        Promise.resolve(heirs.some((heir, index) => joinsOf(heir) > (joins[index] ?? 0))),
      ).then(
        () => true,
        () => false, // those who could are down themselves
      );
      await stage.sleep(afterMs);
      await slot.resume();
      const ms = Math.round(performance.now() - startedMs);
      return `${slot.name} stood still for ${ms} ms, and ${tookOver ? 'others had taken over' : 'nobody took over'} when it went on`;
    });
  },
}));

/** The group shares anew: one more replica, and one fewer a little later. */
const rebalanced: Fault[] = OWNERS.map((service) => ({
  name: `${service}-rebalanced`,
  strike: async (stage, random) => {
    const livesMs = 2_000 + random.below(6_000);
    const victim = random.next();
    const added = await stage.services.add(service);
    if (added === null) return killOne(stage, service, random);
    await stage.sleep(livesMs);
    const candidates = stage.services.of(service);
    const slot = candidates[Math.floor(victim * candidates.length)] ?? added;
    await stage.alone(slot.name, () => slot.retire());
    return `${added.name} added, ${slot.name} killed for good ${livesMs} ms later`;
  },
}));

export const serviceFaults: readonly Fault[] = [...killed, killedTwice, replaced, ...paused, ...zombies, ...rebalanced];

async function killOne(stage: Stage, service: ServiceName, random: SeededRandom): Promise<string> {
  const slot = random.pick(stage.services.of(service));
  await stage.alone(slot.name, async () => {
    await slot.kill();
    await slot.start();
  });
  return `no place for one more; ${slot.name} killed and started again`;
}

/** How often a replica has been given a share of its group. */
function joinsOf({ logFile }: ServiceSlot): number {
  return readFileSync(logFile, 'utf8').split('"group_joined"').length - 1;
}
