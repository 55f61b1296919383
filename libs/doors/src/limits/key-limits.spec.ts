import { EVERYTHING, type Grant } from '../keys/grant';
import { KeyLimits, limitMessage } from './key-limits';

const grant = (limits: Partial<Grant>): Grant => ({ ...EVERYTHING, id: 'shop', ...limits });

/** How many of `count` requests, evenly over the second from `fromMs` on, are let in. */
function admitted(limits: KeyLimits, who: Grant, fromMs: number, count: number, events = 0): number {
  let inside = 0;
  for (let i = 0; i < count; i += 1) {
    const atMs = fromMs + (i * 1_000) / count;
    if (limits.admit(who, atMs).kind !== 'admitted') continue;
    inside += 1;
    limits.brought(who, events, atMs);
  }
  return inside;
}

describe('limits of keys', () => {
  it('let in so many requests a second on average, and a second’s worth at once', () => {
    const [limits, slow] = [new KeyLimits(), grant({ requestsPerSecond: 10 })];
    expect(admitted(limits, slow, 0, 100)).toBe(19); // ten that were saved, and those of the second
    expect([1, 2, 3].map((second) => admitted(limits, slow, second * 1_000, 100))).toEqual([10, 10, 10]);
    expect(admitted(limits, slow, 60_000, 100)).toBe(19); // not what a minute would have allowed
  });

  it('count the events of a body when it has come: a large one is let in whole, and waited for', () => {
    const [limits, shop] = [new KeyLimits(), grant({ eventsPerSecond: 100 })];
    expect(limits.admit(shop, 0).kind).toBe('admitted');
    limits.brought(shop, 1_000, 0);
    const refused = limits.admit(shop, 0);
    expect(refused).toMatchObject({ kind: 'limited', what: 'events', perSecond: 100, waitMs: 9_010 });
    expect(limitMessage(refused as never)).toBe('the key allows 100 events a second: send this again later');
    expect(limits.admit(shop, 9_009).kind).toBe('limited');
    expect(limits.admit(shop, 9_010).kind).toBe('admitted');
  });

  it('hold over a long time, whatever the size of bodies', () => {
    const [limits, shop] = [new KeyLimits(), grant({ eventsPerSecond: 100 })];
    let bodies = 0;
    for (let second = 0; second < 100; second += 1) bodies += admitted(limits, shop, second * 1_000, 50, 70);
    expect(bodies * 70).toBeLessThanOrEqual(100 * 100 + 100 + 70);
    expect(bodies * 70).toBeGreaterThan(100 * 100 - 70);
  });

  it('do not count a request that was refused', () => {
    const [limits, slow] = [new KeyLimits(), grant({ requestsPerSecond: 1 })];
    expect(limits.admit(slow, 0).kind).toBe('admitted');
    for (let at = 1; at < 1_000; at += 1) expect(limits.admit(slow, at).kind).toBe('limited');
    expect(limits.admit(slow, 1_000).kind).toBe('admitted');
  });

  it('are each caller’s own, and nothing for who has none', () => {
    const limits = new KeyLimits();
    const [one, other] = ['one', 'other'].map((id) => grant({ id, requestsPerSecond: 1 })) as [Grant, Grant];
    expect([one, other, one].map((who) => limits.admit(who, 0).kind)).toEqual(['admitted', 'admitted', 'limited']);
    expect(admitted(limits, EVERYTHING, 0, 1_000, 1_000)).toBe(1_000);
  });

  it('take up another limit, and are not fooled by a clock that goes back', () => {
    const limits = new KeyLimits();
    expect(limits.admit(grant({ requestsPerSecond: 1 }), 5_000).kind).toBe('admitted');
    expect(limits.admit(grant({ requestsPerSecond: 1 }), 0).kind).toBe('limited');
    expect(limits.admit(grant({ requestsPerSecond: 1 }), 5_999).kind).toBe('limited');
    expect(limits.admit(grant({ requestsPerSecond: 2 }), 5_000).kind).toBe('admitted');
  });
});
