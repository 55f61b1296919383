import { topicSpecs, type StreamDefinition } from '@tillstream/contracts';
import type { ClientTls } from '@tillstream/doors';
import { systemClock } from '../cli-clock';
import type { KafkaAccess } from '../kafka/kafka-access';
import type { GroupLooks } from './examine-groups';
import type { ServiceLooks } from './examine-services';
import { lookAtGroups, type GroupLook } from './look-at-stream';
import { lookAtService, type ServiceLook } from './service-look';

/** Those whose topics are all there: groups of others cannot be asked about. */
export async function withTopics(
  kafka: KafkaAccess,
  definitions: readonly StreamDefinition[],
): Promise<StreamDefinition[]> {
  const there = await Promise.all(
    definitions.map(async (definition) => {
      const names = topicSpecs(definition, 1).map(({ name }) => name);
      const found = new Set((await kafka.admin.describeTopics(names)).map(({ topic }) => topic));
      return names.every((name) => found.has(name)) ? [definition] : [];
    }),
  );
  return there.flat();
}

/** What services and groups were at one time. */
export interface PlatformLook {
  readonly services: readonly ServiceLook[];
  readonly groups: readonly GroupLook[];
}

/** Looks once at every service and group. Services that are away are findings, groups that cannot be asked about are thrown. */
export async function lookAtPlatform(
  kafka: KafkaAccess,
  definitions: readonly StreamDefinition[],
  services: { readonly urls: readonly string[]; readonly tls: ClientTls },
): Promise<PlatformLook> {
  const [looks, groups] = await Promise.all([
    Promise.all(services.urls.map((url) => lookAtService(url, services.tls, () => systemClock.nowMs()))),
    Promise.all(definitions.map((definition) => lookAtGroups(kafka, definition))),
  ]);
  return { services: looks, groups: groups.flat() };
}

/** Each service and group as it was twice. */
export function bothLooks(
  first: PlatformLook,
  second: PlatformLook,
): { readonly services: readonly ServiceLooks[]; readonly groups: readonly GroupLooks[] } {
  return {
    services: second.services.map((now, index) => ({ first: first.services[index] ?? now, second: now })),
    groups: second.groups.map((now, index) => {
      const { group, lags, members } = now;
      const before = (first.groups[index] ?? now).lags;
      const [ownLagBefore, ownLag] = [lagsOf(group, first.services), lagsOf(group, second.services)];
      return { group, first: before, second: lags, members, ownLag, ownLagBefore };
    }),
  };
}

/** What replicas of the group's service say of their partitions. */
function lagsOf(group: string, services: readonly ServiceLook[]): Map<string, number> {
  const lags = new Map<string, number>();
  for (const { name, samples } of services) {
    if (name === null || !group.endsWith(`.${name}`)) continue;
    for (const { labels, value } of samples.of('tillstream_lag_records')) {
      lags.set(`${labels['topic'] ?? ''}/${labels['partition'] ?? ''}`, value);
    }
  }
  return lags;
}
