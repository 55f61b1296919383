import type { StreamDefinition } from '@tillstream/contracts';
import { encodeControl, encodeDefinition } from '@tillstream/contracts';
import { definitionFrom } from '@tillstream/contracts/testing';
import { partitionOfKey } from '../oracle/raw/murmur2';
import { changedCommerce } from './changed-commerce';
import { MINUTE_MS, PARTITIONS, SlowStage } from './slow-stage';

/** Purchases of `withOtherRules` by their coupon, as far as they are events where they stand. */
export const COUPONS = { none: 13, SPRING: 23 } as const;

/**
 * A shop in which a stricter stream file is put live: it declares a field `coupon`, a metric `by_coupon` of it, and tolerates less that
 * events are ahead of their arrival. Before it stand events that it would refuse, and events with a coupon.
 */
export async function withOtherRules(): Promise<{ stage: SlowStage; definition: StreamDefinition }> {
  const stage = new SlowStage();
  stage.startServices();
  const metric = '  by_coupon:\n    groupBy: [coupon]\n    window: { size: 5m }\n    measures: { events: count() }\n';
  const { definition } = changedCommerce(stage.definition);
  const strict = definitionFrom(
    definition.text.replace('futureTolerance: 5m', 'futureTolerance: 1s').replace('metrics:\n', `metrics:\n${metric}`),
  );
  if (strict.schema.eventTime.futureToleranceMs !== 1_000) throw new Error('the stream file says something else');
  const partition = partitionOfKey('u0', PARTITIONS);
  const { scheduler } = stage.world;
  const send = async (aheadMs: number, more: object): Promise<void> => {
    const timestamp = new Date(scheduler.nowMs + aheadMs).toISOString();
    await stage.write(partition, { timestamp, user_id: 'u0', ...more });
  };
  const shop = async (minutes: number, more: object): Promise<void> => {
    for (let minute = 0; minute < minutes; minute += 1) {
      scheduler.nowMs += MINUTE_MS;
      await send(-1_000, more);
    }
  };
  await shop(12, { coupon: ['A'] });
  await shop(13, { coupon: 'SPRING' });
  await send(2 * MINUTE_MS, {});
  stage.world.broker.append(stage.topics.definitions, 0, [encodeDefinition(strict)]);
  const control = encodeControl({ kind: 'definition', sha256: strict.sha256 });
  for (let p = 0; p < PARTITIONS; p += 1) await stage.send(p, [control]);
  await stage.pass(MINUTE_MS);
  await shop(3, { coupon: ['A'] }); // no event any more
  await shop(10, { coupon: 'SPRING' });
  await stage.finish();
  return { stage, definition: strict };
}
