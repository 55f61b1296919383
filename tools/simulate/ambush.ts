import type { StreamDefinition } from '@tillstream/contracts';
import type { SeededRandom, SimulatedProcess } from '@tillstream/engine/testing';
import type { Fleet } from './fleet';
import type { World } from './world';

/** How many strikes there are at most in a life. */
const MOST_STRIKES = 6;
const AMBUSHES = 0.8;

/**
 * Chance seldom kills a process in the few milliseconds between two calls. So most lives have a place where processes are
 * waited for: right before or right after a certain kind of call, such as an append to `metrics` or a commit. There they
 * die, or stand still until others have taken over; sometimes the store is lost with them.
 */
export class Ambush {
  private readonly label: string | null;
  private readonly rate: number;
  private readonly pauses: number;
  private readonly emptiesStore: number;
  private left = MOST_STRIKES;

  constructor(
    private readonly random: SeededRandom,
    private readonly world: World,
    private readonly fleet: Fleet,
  ) {
    this.label = random.chance(AMBUSHES) ? random.pick(placesOf(world.definition)) : null;
    this.rate = random.pick([0.02, 0.1, 0.4]);
    this.pauses = random.pick([0, 0.3, 1]);
    this.emptiesStore = random.pick([0, 0, 0.3]);
  }

  /** Is this call's process struck before the call goes on? */
  strikes(process: SimulatedProcess, label: string): boolean {
    if (this.label === null || this.left === 0 || !label.startsWith(this.label)) return false;
    if (!this.random.chance(this.rate)) return false;
    const replica = this.fleet.find(process);
    if (!replica) return false;
    this.left -= 1;
    const { weather } = this.world;
    if (this.random.chance(this.pauses)) {
      weather.count(`zombie at ${this.label}`);
      this.fleet.pause(replica);
      return true;
    }
    weather.count(`crash at ${this.label}`);
    this.fleet.crash(replica);
    if (this.random.chance(this.emptiesStore)) {
      weather.count('store: emptied');
      this.world.store.flushAll();
    }
    return true;
  }
}

/** Beginnings of the labels of calls: `append` has not happened yet, `acked` has; likewise `commit` and `committed`. */
function placesOf({ topics }: StreamDefinition): readonly string[] {
  const { raw, enriched, deadLetters, parts, metrics, late } = topics;
  const { sessions, sessionRows, attributions, attributionRows } = topics;
  const ofVisits = [sessions, sessionRows, attributions, attributionRows];
  const sends = [raw, enriched, deadLetters, parts, metrics, late, ...ofVisits].flatMap((topic) => [
    `append ${topic}`,
    `acked ${topic}`,
  ]);
  const commits = ['agg', 'merge', 'tracker'].flatMap((task) => [
    `commit ${task}`,
    `committed ${task}`,
    `claim ${task}`,
  ]);
  return [...sends, ...commits, 'create ', 'created ', 'load ', 'put ', 'fetch', 'read', 'failed '];
}
