import { SeededRandom } from '@tillstream/engine/testing';
import { commerceText } from '../oracle/three-metrics';
import { World } from '../simulate/world';
import type { Legacy } from './legacy';
import { definitionOf, legacyOf } from './legacy';
import { shop, startServices } from './platform-life';

const START_MS = Date.UTC(2026, 0, 5, 12);
const PARTITIONS = 2;

/** The shipped stream file, whole, with few partitions: what is written of each kind of metric is in it. */
export const handoverFile = (): string =>
  commerceText().replace(/^( *)partitions: .*$/m, `$1partitions: ${PARTITIONS}`);

/** The services of this version work for a while and are killed in the middle of it. */
export async function leaveBehind(seed: number): Promise<Legacy> {
  const file = handoverFile();
  const world = new World(definitionOf(file), new SeededRandom(seed), START_MS);
  startServices(world);
  await shop(world, { seed, deliveries: 40, idPrefix: 'first-' });
  return legacyOf(world, file);
}
