import type { ClosedSession } from '@tillstream/core';
import { toDuration, toTimestamp } from './query-messages';
import { toSessionMessage } from './to-session-message';

const { isCut, closedBy, ...open }: ClosedSession = {
  ...{ user: 'u', part: null, startMs: 1_000, endMs: 61_000, events: 4, pageViews: 2, carts: 1, purchases: 1 },
  ...{ products: 2, revenue: 1_250, entry: { product: '7', category: null }, exit: { product: null, category: null } },
  ...{ device: null, location: 'Bern', path: ['page_view'], clientSessions: ['c'], truncated: false },
  cart: [
    { product: '7', value: 320 },
    { product: '8', value: null },
  ],
  ...{ isCut: true, closedBy: 42 },
};
const origin = { partition: 3, exponent: 2 };

describe('the message of a session', () => {
  it('tells one that is over, with amounts as decimal text and what there is none of as empty', () => {
    expect(toSessionMessage({ ...open, isCut, closedBy }, origin)).toEqual({
      ...{ id: 'u|1000', user: 'u', part: '', start: toTimestamp(1_000), end: toTimestamp(61_000) },
      ...{ duration: toDuration(60_000), closed: true, cut: true, events: 4, pageViews: 2, carts: 1, purchases: 1 },
      ...{ products: 2, revenue: '12.50', converted: true },
      entry: { product: '7', category: '' },
      exit: { product: '', category: '' },
      ...{ device: '', location: 'Bern', path: ['page_view'], clientSessions: ['c'], truncated: false },
      cart: [
        { product: '7', value: '3.20' },
        { product: '8', value: '' },
      ],
      ...{ partition: 3, closedBy: '42' },
    });
  });

  it('tells one that is open, and whose events are divided', () => {
    const message = toSessionMessage({ ...open, part: 'p', purchases: 0 }, origin);
    expect(message).toMatchObject({ id: 'u|p|1000', part: 'p', closed: false, cut: false, converted: false });
    expect(message.closedBy).toBe('0');
  });
});
