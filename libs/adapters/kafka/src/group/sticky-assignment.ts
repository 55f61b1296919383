/** A member of a group as it joins. */
export interface GroupMember {
  readonly memberId: string;
  readonly topics: readonly string[];
  /** What it had, and in which generation of the group: of two who claim a partition the later one had it. */
  readonly owned: ReadonlyMap<string, readonly number[]>;
  readonly generation: number;
}

/** member → topic → partitions, in ascending order. */
export type Assignment = Map<string, Map<string, number[]>>;

/**
 * Deals each topic's partitions evenly (shares differ by one at most) and moves as few as that allows: every move is a
 * state to restore. The larger shares go to those who had most, then to those who have least of the topics before.
 * Depends on nothing but its arguments, whatever their order.
 */
export function assignPartitions(
  members: readonly GroupMember[],
  partitionCounts: ReadonlyMap<string, number>,
): Assignment {
  const byId = [...members].sort((a, b) => (a.memberId < b.memberId ? -1 : 1));
  const assignment: Assignment = new Map(byId.map(({ memberId }) => [memberId, new Map<string, number[]>()]));
  for (const topic of [...partitionCounts.keys()].sort()) {
    const subscribed = byId.filter(({ topics }) => topics.includes(topic));
    if (subscribed.length > 0) assignTopic(topic, partitionCounts.get(topic) ?? 0, subscribed, assignment);
  }
  return assignment;
}

function assignTopic(topic: string, count: number, members: readonly GroupMember[], assignment: Assignment): void {
  const kept = ownersOf(topic, count, members);
  const sharesBefore = (memberId: string): number =>
    [...(assignment.get(memberId)?.values() ?? [])].reduce((sum, partitions) => sum + partitions.length, 0);
  const hungriest = members
    .map(({ memberId }) => ({ memberId, partitions: kept.get(memberId) ?? [], before: sharesBefore(memberId) }))
    .sort((a, b) => b.partitions.length - a.partitions.length || a.before - b.before);

  const share = Math.floor(count / members.length);
  const larger = count % members.length;
  const free = unowned(count, kept);
  const shares = hungriest.map(({ memberId, partitions }, rank) => {
    const quota = share + (rank < larger ? 1 : 0);
    free.push(...partitions.slice(quota));
    return { memberId, quota, partitions: partitions.slice(0, quota) };
  });
  free.sort((a, b) => a - b);
  for (const { memberId, quota, partitions } of shares) {
    const all = [...partitions, ...free.splice(0, quota - partitions.length)].sort((a, b) => a - b);
    if (all.length > 0) assignment.get(memberId)?.set(topic, all);
  }
}

/** Who had which of the partitions that exist; each has one owner. */
function ownersOf(topic: string, count: number, members: readonly GroupMember[]): Map<string, number[]> {
  const owners = new Map<number, GroupMember>();
  for (const member of members) {
    for (const partition of member.owned.get(topic) ?? []) {
      const rival = owners.get(partition);
      if (partition < count && (rival === undefined || rival.generation < member.generation))
        owners.set(partition, member);
    }
  }
  const owned = new Map<string, number[]>();
  for (const [partition, { memberId }] of [...owners].sort(([a], [b]) => a - b)) {
    owned.set(memberId, [...(owned.get(memberId) ?? []), partition]);
  }
  return owned;
}

function unowned(count: number, owned: ReadonlyMap<string, readonly number[]>): number[] {
  const taken = new Set([...owned.values()].flat());
  return Array.from({ length: count }, (_, partition) => partition).filter((partition) => !taken.has(partition));
}
