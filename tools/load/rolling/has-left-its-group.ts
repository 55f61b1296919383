import { KafkaAdmin } from '@tillstream/adapter-kafka';
import type { Platform, ServiceProcess } from '../../e2e/platform';
import { servers, until } from '../../e2e/platform';

/** A member that left is missed at once; one that did not, only when its session has timed out. */
const TAKEN_WITHIN_MS = 30_000;

/**
 * Waits until the group of a worker has one member only: the one that ended has left in order, and the other gets what it had.
 *
 * @throws Error when the group still counts on it
 */
export async function hasLeftItsGroup(platform: Platform, gone: ServiceProcess): Promise<void> {
  const admin = new KafkaAdmin({ brokers: servers().brokers, clientId: 'rolling-admin' });
  try {
    const group = `${platform.stream}.${gone.service}`;
    if ((await admin.groupMembers(group)).length === 0) return; // it belongs to none
    await until(
      `the ${gone.service} that ended to have left its group`,
      TAKEN_WITHIN_MS,
      async () => (await admin.groupMembers(group)).length === 1,
    );
  } finally {
    await admin.close();
  }
}
