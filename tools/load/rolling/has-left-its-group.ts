import { KafkaAdmin } from '@tillstream/adapter-kafka';
import { sinkGroup } from '@tillstream/engine';
import type { Platform, ServiceName, ServiceProcess } from '../../e2e/platform';
import { servers, until } from '../../e2e/platform';

/** A member that left is missed at once; one that did not, only when its session has timed out. */
const TAKEN_WITHIN_MS = 30_000;

/**
 * Waits until each group of a worker has one member only: the one that ended has left in order, and the other gets what it had.
 *
 * @throws Error when the group still counts on it
 */
export async function hasLeftItsGroup(platform: Platform, gone: ServiceProcess): Promise<void> {
  const admin = new KafkaAdmin({ brokers: servers().brokers, clientId: 'rolling-admin' });
  try {
    for (const group of groupsOf(platform, gone.service)) {
      await until(
        `the ${gone.service} that ended to have left ${group}`,
        TAKEN_WITHIN_MS,
        async () => (await admin.groupMembers(group)).length === 1,
      );
    }
  } finally {
    await admin.close();
  }
}

function groupsOf({ definition, stream }: Platform, service: ServiceName): readonly string[] {
  if (service === 'gateway' || service === 'query-api') return []; // they belong to none
  if (service === 'sink-writer') return (definition.sinks ?? []).map((sink) => sinkGroup(definition, sink));
  return [`${stream}.${service}`];
}
