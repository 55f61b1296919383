import { LatenessSurvey, findStarts, latePlaceAt, lateRowsFrom, openFeeds, readDefinitions } from '@tillstream/engine';
import type { MetricDefinition } from '@tillstream/core';
import { live } from './live';
import { readerOf } from './verified';
import type { World } from './world';

const LIVES = 15;
const FIRST_SEED = 88_000;

/** Metrics that were declared all the time, whatever stream file was put live meanwhile: for the others rows are late for a while only. */
async function lastingMetrics(world: World): Promise<MetricDefinition[]> {
  const { newest } = await readDefinitions(readerOf(world), world.definition);
  const declared = new Set(newest.metrics.map(({ identity }) => identity));
  return world.definition.metrics.filter(({ identity }) => declared.has(identity));
}

/** By metric: rows in the ledger, each once. */
async function ledgerOf(world: World, metrics: readonly MetricDefinition[]): Promise<Record<string, number>> {
  const { definition } = world;
  const reader = readerOf(world);
  const counts = Object.fromEntries(metrics.map(({ name }) => [name, 0]));
  for (let partition = 0; partition < definition.schema.partitions; partition += 1) {
    const place = await latePlaceAt(reader, definition, partition, 0);
    const end = world.broker.end(definition.topics.late, partition);
    for await (const { entry } of lateRowsFrom(reader, definition, partition, place, end)) {
      if (entry && entry.metric in counts) counts[entry.metric] = (counts[entry.metric] ?? 0) + 1;
    }
  }
  return counts;
}

/** By metric: rows that the survey finds late. */
async function surveyOf(world: World, metrics: readonly MetricDefinition[]): Promise<Record<string, number>> {
  const { definition } = world;
  const { schema } = definition;
  const wanted = { reader: readerOf(world), definition, source: 'enriched', fromMs: -Infinity } as const;
  const survey = new LatenessSurvey({ schema, metrics, fromMs: -Infinity, toMs: Infinity, sourceField: null });
  for (const { feed } of await openFeeds(wanted, await findStarts(wanted))) {
    for (let batch = await feed.next(); batch; batch = await feed.next()) survey.add(batch);
  }
  return Object.fromEntries(survey.metrics.map(({ metric, late }) => [metric.name, late]));
}

describe('the late ledger', () => {
  it(`holds each row that a metric has missed once, whatever crashed meanwhile (${LIVES} lives)`, async () => {
    let late = 0;
    const inspect = async (world: World): Promise<readonly string[]> => {
      const metrics = await lastingMetrics(world);
      const [ledger, survey] = [await ledgerOf(world, metrics), await surveyOf(world, metrics)];
      late += Object.values(ledger).reduce((sum, count) => sum + count, 0);
      return JSON.stringify(ledger) === JSON.stringify(survey)
        ? []
        : [`the ledger holds ${JSON.stringify(ledger)}, the log ${JSON.stringify(survey)}`];
    };
    for (let seed = FIRST_SEED; seed < FIRST_SEED + LIVES; seed += 1) {
      const { problems } = await live(seed, { inspect });
      expect({ seed, problems }).toEqual({ seed, problems: [] });
    }
    expect(late).toBeGreaterThan(0);
  }, 120_000);
});
