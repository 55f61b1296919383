import { encodeGap } from '@tillstream/contracts';
import { AGGREGATOR } from '@tillstream/engine';
import { SeededRandom } from '@tillstream/engine/testing';
import { plainCommerce } from '../oracle/commerce-definition';
import { commerceWith } from './live';
import { mirrored, mirroredPlain, mirroring } from './mirrored';
import { randomMetrics } from './random-metrics';
import type { SimulationReport } from './run';
import { simulate } from './run';
import { PARTITIONS, plain, SlowStage } from './slow-stage';
import { differences } from './verdict';

const LIVES = 20;
const PARTITION_COUNTS = [1, 2, 3, 4];

/** Every other life has random metrics. */
function liveMirrored(seed: number): Promise<SimulationReport> {
  const partitions = PARTITION_COUNTS[seed % PARTITION_COUNTS.length] ?? 1;
  const made = seed % 2 === 0 ? randomMetrics(new SeededRandom(seed), 2_000) : null;
  const definition = mirrored(commerceWith({ partitions, paceMs: 2_000, ...(made && { metrics: made.yaml }) }));
  const random = made && { fields: { ...plainCommerce.fields, ...made.fields }, metrics: made.plain };
  const doubled = mirroredPlain({ ...plainCommerce, partitions, ...random });
  return simulate(seed, definition, doubled, { sabotage: { ports: mirroring(definition) } });
}

describe('metrics over a derived stream', () => {
  it(`are what they are over events, where its rows are the events, in ${LIVES} lives`, async () => {
    for (let seed = 1; seed <= LIVES; seed += 1) {
      const { problems } = await liveMirrored(seed);
      if (problems.length > 0) throw new Error(`seed ${seed} ends wrong:\n${problems.slice(0, 10).join('\n')}`);
    }
  }, 300_000);

  it.each([
    ['events', AGGREGATOR, true],
    ['sessions', `${AGGREGATOR}:sessions`, false],
  ])('lose nothing but what was given up of these: of %s', async (_of, service, isOfEvents) => {
    const definition = mirrored(commerceWith({ partitions: PARTITIONS }));
    const stage = new SlowStage(definition, mirroring(definition));
    const { writer } = stage.world.spawnWriter('operator');
    void writer.append(definition.topics.gaps, 0, [encodeGap({ service, partition: 0, from: 2, to: 4, reason: '' })]);
    await stage.pass(1_000);
    stage.startServices();
    await stage.shop(20, 10);
    await stage.finish();
    const found = differences(definition, mirroredPlain(plain), (topic) => stage.world.recordsOf(topic));
    const ofMirror = found.filter((difference) => difference.includes('_again'));
    expect(ofMirror.length > 0).toBe(!isOfEvents);
    expect(found.length > ofMirror.length).toBe(isOfEvents);
  });
});
