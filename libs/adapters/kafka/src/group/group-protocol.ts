import { AssignerProtocol } from 'kafkajs';
import type { Assignment, GroupMember } from './sticky-assignment';

/** Name under which the members of a group agree on this way to share. Another way needs another name. */
export const PROTOCOL_NAME = 'tillstream-sticky';
const VERSION = 1;

export type Owned = ReadonlyMap<string, readonly number[]>;

/** What a member says when it joins: its topics, and what it had. */
export function encodeSubscription(topics: readonly string[], owned: Owned, generation: number): Buffer {
  const userData = Buffer.from(JSON.stringify({ generation, owned: Object.fromEntries(owned) }));
  return AssignerProtocol.MemberMetadata.encode({ version: VERSION, topics: [...topics], userData });
}

/** A member whose words cannot be read had nothing. */
export function decodeSubscription(memberId: string, metadata: Buffer): GroupMember {
  const decoded = AssignerProtocol.MemberMetadata.decode(metadata);
  return { memberId, topics: decoded?.topics ?? [], ...ownedOf(decoded?.userData) };
}

export function encodeAssignment(assignment: Assignment): { memberId: string; memberAssignment: Buffer }[] {
  return [...assignment].map(([memberId, topics]) => ({
    memberId,
    memberAssignment: AssignerProtocol.MemberAssignment.encode({
      version: VERSION,
      assignment: Object.fromEntries(topics),
      userData: Buffer.alloc(0),
    }),
  }));
}

export function decodeAssignment(bytes: Buffer): Map<string, number[]> {
  if (bytes.length === 0) return new Map();
  return new Map(Object.entries(AssignerProtocol.MemberAssignment.decode(bytes)?.assignment ?? {}));
}

function ownedOf(userData: Buffer | undefined): { owned: Owned; generation: number } {
  const nothing = { owned: new Map<string, number[]>(), generation: 0 };
  if (userData === undefined || userData.length === 0) return nothing;
  try {
    const parsed: unknown = JSON.parse(userData.toString());
    if (typeof parsed !== 'object' || parsed === null || !('owned' in parsed) || !('generation' in parsed))
      return nothing;
    const { owned, generation } = parsed;
    if (typeof owned !== 'object' || owned === null || typeof generation !== 'number') return nothing;
    const topics = Object.entries(owned).map(([topic, partitions]): [string, number[]] => [
      topic,
      integersOf(partitions),
    ]);
    return { owned: new Map(topics), generation };
  } catch {
    return nothing;
  }
}

function integersOf(value: unknown): number[] {
  const items: readonly unknown[] = Array.isArray(value) ? value : [];
  return items.filter((item): item is number => Number.isSafeInteger(item));
}
