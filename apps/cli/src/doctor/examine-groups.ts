import type { PartitionLag } from '@tillstream/adapter-kafka';
import type { Finding } from './finding';

/** A consumer group, looked at twice. */
export interface GroupLooks {
  readonly group: string;
  readonly first: readonly PartitionLag[];
  readonly second: readonly PartitionLag[];
  /** Members that the broker knows of. */
  readonly members: number;
  /** By `topic/partition`: how many records its services say they have still to process; those of other services are absent. */
  readonly ownLag: ReadonlyMap<string, number>;
  readonly ownLagBefore: ReadonlyMap<string, number>;
}

/** Fewer records behind are the usual way of a service that works. */
const BEHIND = 1_000;
const SHOWN = 5;

/** Groups that nobody is in, that stand still, or that fall behind. */
export function examineGroups(groups: readonly GroupLooks[], forMs: number): Finding[] {
  return groups.flatMap((looks) => {
    if (looks.members === 0) return [emptyFinding(looks)];
    const standing = looks.second.filter((now) => isStanding(looks, now));
    return [...(standing.length > 0 ? [standingFinding(looks, standing, forMs)] : []), ...behindFindings(looks, forMs)];
  });
}

function emptyFinding({ group, second }: GroupLooks): Finding {
  const waiting = behind(second, new Map());
  return {
    ...{ severity: 'problem', about: group, what: `has no member, and ${waiting} records wait` },
    remedy: 'Start a replica of the service. Nothing is lost: it goes on where the group has stopped.',
  };
}

const placeOf = ({ topic, partition }: PartitionLag): string => `${topic}/${partition}`;

/**
 * Only the services know where they are. What they have committed is told now and then, by those that fill files for a minute
 * even later, and says nothing about standing still.
 */
function isStanding({ first, ownLag, ownLagBefore }: GroupLooks, now: PartitionLag): boolean {
  const before = first.find(({ topic, partition }) => topic === now.topic && partition === now.partition);
  const [own = 0, ownBefore = 0] = [ownLag.get(placeOf(now)), ownLagBefore.get(placeOf(now))];
  const taken = ownBefore - own + (now.end - (before?.end ?? now.end));
  return own > 0 && ownBefore > 0 && taken <= 0;
}

function standingFinding({ group, ownLag }: GroupLooks, standing: readonly PartitionLag[], forMs: number): Finding {
  const places = standing.map((one) => `${placeOf(one)} at ${one.end - (ownLag.get(placeOf(one)) ?? 0)}`);
  const more = places.length > SHOWN ? ` and ${places.length - SHOWN} more` : '';
  return {
    ...{ severity: 'problem', about: group },
    what: `did not move for ${seconds(forMs)} though records wait: ${places.slice(0, SHOWN).join(', ')}${more}`,
    remedy:
      'If its service names no stopped partition, it waits for Kafka or Redis, or lacks CPU: its log says at warn what it tries again.',
  };
}

function behindFindings({ group, first, second, ownLag, ownLagBefore }: GroupLooks, forMs: number): Finding[] {
  const [before, now] = [behind(first, ownLagBefore), behind(second, ownLag)];
  if (now < BEHIND) return [];
  const taken = before - now;
  if (taken > 0) {
    const left = (now / taken) * forMs;
    const what = `is ${now} records behind, and there in about ${seconds(left)} at this rate`;
    return [{ severity: 'note', about: group, what, remedy: 'It catches up.' }];
  }
  return [
    {
      ...{ severity: 'warning', about: group, what: `is ${now} records behind, and does not catch up` },
      remedy: 'Give it more CPU or, up to the number of partitions, more replicas.',
    },
  ];
}

/** Records that wait: as its services say, else as it has committed. */
export function behind(lags: readonly PartitionLag[], ownLag: ReadonlyMap<string, number>): number {
  return lags.reduce((sum, one) => sum + (ownLag.get(placeOf(one)) ?? one.lag), 0);
}

const seconds = (ms: number): string => `${Math.max(1, Math.round(ms / 1_000))} s`;
