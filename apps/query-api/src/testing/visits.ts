import { encodePurchases, encodeSessions, type NewRecord, type StreamDefinition } from '@tillstream/contracts';
import { definitionFrom, smallStreamFile } from '@tillstream/contracts/testing';
import type { AttributedPurchase, ClosedSession } from '@tillstream/core';

/** The small stream, with sessions and attribution; a view leads to a purchase of its category. */
export function visitedDefinition(): StreamDefinition {
  return definitionFrom(`${smallStreamFile(2)}
sessions: {gap: 30m, pageView: kind == 'view', cart: kind == 'cart', purchase: kind == 'buy'}
attribution: {from: kind == 'view', to: kind == 'buy', on: [category], within: 30m, revenue: amount}
`);
}

/** A session of a user; seconds. */
export function session(user: string, startS: number, endS: number, more: Partial<ClosedSession> = {}): ClosedSession {
  return {
    ...{ user, part: null, startMs: startS * 1_000, endMs: endS * 1_000, events: 3, pageViews: 3, carts: 0 },
    ...{ purchases: 0, products: 1, revenue: 0, entry: { product: '7', category: 'shoes' } },
    ...{ exit: { product: null, category: 'hats' }, device: null, location: null, path: ['view'] },
    ...{ clientSessions: [], cart: [], truncated: false, isCut: false, closedBy: 9 },
    ...more,
  };
}

export function sessionRecord(definition: StreamDefinition, closed: ClosedSession): NewRecord {
  const found = [{ told: closed, settings: definition.sessions! }];
  return encodeSessions(found, definition.schema.money.exponent)[0]!;
}

/** A purchase and views that led to it, by how many seconds before; at raw offsets by their seconds. */
export function purchase(
  user: string,
  timeS: number,
  viewedBeforeS: readonly number[],
  more: Partial<AttributedPurchase> = {},
): AttributedPurchase {
  return {
    ...{ user, timeMs: timeS * 1_000, offset: timeS, index: 0, on: ['shoes'], category: null, device: null },
    ...{ revenue: 1_000, truncated: false, decidedBy: timeS + 1 },
    views: viewedBeforeS.map((beforeS) => ({
      ...{ offset: timeS - beforeS, index: 1, timeMs: (timeS - beforeS) * 1_000 },
      ...{ share: 1 / viewedBeforeS.length, revenue: 1_000 / viewedBeforeS.length },
    })),
    ...more,
  };
}

export function attributionRecords(
  definition: StreamDefinition,
  partition: number,
  bought: AttributedPurchase,
): NewRecord[] {
  const found = [{ told: bought, settings: definition.attribution! }];
  return encodePurchases(found, partition, definition.schema.money.exponent);
}
