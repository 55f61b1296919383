import * as fc from 'fast-check';
import { type Assignment, assignPartitions, type GroupMember } from './sticky-assignment';

const TOPIC = 'commerce.enriched.v1';

function aMember(
  memberId: string,
  owned: Iterable<readonly [string, readonly number[]]> = [],
  generation = 1,
): GroupMember {
  return { memberId, topics: [TOPIC], owned: new Map(owned), generation };
}

function countsOf(assignment: Assignment, topic = TOPIC): number[] {
  return [...assignment.values()].map((topics) => topics.get(topic)?.length ?? 0).sort();
}

function ownedBy(assignment: Assignment, memberId: string): readonly number[] {
  return assignment.get(memberId)?.get(TOPIC) ?? [];
}

/** Most partitions that can stay where they are under any even sharing: tries every way to hand out the larger shares. */
function mostThatCanStay(owned: readonly number[], partitions: number): number {
  const share = Math.floor(partitions / owned.length);
  const larger = partitions % owned.length;
  let most = 0;
  for (let choice = 0; choice < 2 ** owned.length; choice++) {
    const isLarger = owned.map((_, i) => ((choice >> i) & 1) === 1);
    if (isLarger.filter(Boolean).length !== larger) continue;
    most = Math.max(
      most,
      owned.reduce((sum, had, i) => sum + Math.min(had, share + (isLarger[i] === true ? 1 : 0)), 0),
    );
  }
  return most;
}

describe('the sticky assignment', () => {
  const groups = fc.integer({ min: 1, max: 6 });
  const partitionCounts = fc.integer({ min: 1, max: 12 });

  it('gives every partition to exactly one member, in shares that differ by one at most', () =>
    fc.assert(
      fc.property(partitionCounts, groups, (partitions, size) => {
        const members = Array.from({ length: size }, (_, i) => aMember(`m${i}`));
        const assignment = assignPartitions(members, new Map([[TOPIC, partitions]]));
        const dealt = [...assignment.values()].flatMap((topics) => topics.get(TOPIC) ?? []).sort((a, b) => a - b);
        expect(dealt).toEqual(Array.from({ length: partitions }, (_, i) => i));
        const counts = countsOf(assignment);
        expect((counts.at(-1) ?? 0) - (counts[0] ?? 0)).toBeLessThanOrEqual(1);
      }),
    ));

  it('moves no more than it must, through any joins and leaves of up to 6 members and 12 partitions', () =>
    fc.assert(
      fc.property(
        partitionCounts,
        fc.array(fc.tuple(fc.boolean(), fc.nat(5)), { minLength: 1, maxLength: 12 }),
        (partitions, changes) => {
          let joined = 0;
          let members: GroupMember[] = [aMember('m0')];
          for (const [joins, which] of [[true, 0] as const, ...changes]) {
            if (joins && members.length < 6) members.push(aMember(`m${++joined}`));
            else if (members.length > 1) members.splice(which % members.length, 1);
            const assignment = assignPartitions(members, new Map([[TOPIC, partitions]]));
            const had = members.map(({ owned }) => owned.get(TOPIC) ?? []);
            const stayed = members.map(
              ({ memberId }, i) => ownedBy(assignment, memberId).filter((p) => had[i]?.includes(p) === true).length,
            );
            expect(stayed.reduce((a, b) => a + b, 0)).toBe(
              mostThatCanStay(
                had.map(({ length }) => length),
                partitions,
              ),
            );
            members = members.map(({ memberId }) => aMember(memberId, assignment.get(memberId)));
          }
        },
      ),
    ));

  it('does not depend on the order in which members are listed', () =>
    fc.assert(
      fc.property(fc.shuffledSubarray(['a', 'b', 'c', 'd'], { minLength: 4 }), (order) => {
        const members = order.map((memberId) => aMember(memberId));
        const sorted = [...order].sort().map((memberId) => aMember(memberId));
        const counts = new Map([[TOPIC, 7]]);
        expect(assignPartitions(members, counts)).toEqual(assignPartitions(sorted, counts));
      }),
    ));

  it('believes the later generation when two members say they had a partition', () => {
    const members = [aMember('stale', [[TOPIC, [0, 1]]], 3), aMember('owner', [[TOPIC, [0, 1]]], 4)];
    const assignment = assignPartitions(members, new Map([[TOPIC, 2]]));
    expect(ownedBy(assignment, 'owner')).toEqual([0]);
    expect(ownedBy(assignment, 'stale')).toEqual([1]);
  });

  it('forgets partitions that do not exist', () => {
    const assignment = assignPartitions([aMember('a', [[TOPIC, [0, 9]]])], new Map([[TOPIC, 1]]));
    expect(ownedBy(assignment, 'a')).toEqual([0]);
  });

  it('deals every topic evenly, and the larger shares of several topics to different members', () => {
    const topics = ['t1', 't2', 't3'];
    const members = ['a', 'b', 'c'].map((memberId): GroupMember => ({
      memberId,
      topics,
      owned: new Map(),
      generation: 1,
    }));
    const assignment = assignPartitions(members, new Map(topics.map((topic) => [topic, 4])));
    for (const topic of topics) expect(countsOf(assignment, topic)).toEqual([1, 1, 2]);
    expect([...assignment.values()].map((shares) => [...shares.values()].flat().length)).toEqual([4, 4, 4]);
  });

  it('gives a topic only to members that read it', () => {
    const reader: GroupMember = { memberId: 'reader', topics: ['t1', 't2'], owned: new Map(), generation: 1 };
    const older: GroupMember = { memberId: 'older', topics: ['t1'], owned: new Map(), generation: 1 };
    const assignment = assignPartitions(
      [reader, older],
      new Map([
        ['t1', 2],
        ['t2', 2],
      ]),
    );
    expect(assignment.get('older')?.has('t2')).toBe(false);
    expect(assignment.get('reader')?.get('t2')).toEqual([0, 1]);
  });
});
