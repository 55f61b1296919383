import crypto from 'node:crypto';
import { aKey, ringOf } from '../testing/keys';
import { KeyRing } from './key-ring';

const NOON_MS = Date.UTC(2026, 10, 21, 12);

describe('a ring of keys', () => {
  const ring = ringOf([{ key: 'demo-key-1' }, { key: 'shop-key-2', streams: ['commerce'], name: 'shop' }]);

  it.each([
    ['Bearer demo-key-1', null],
    ['bearer  demo-key-1', null],
    ['Bearer shop-key-2', ['commerce']],
  ])('lets "%s" in', (authorization, streams) => {
    expect(ring.find(authorization, NOON_MS)).toMatchObject({ kind: 'granted', grant: { streams } });
  });

  it.each([
    ['Bearer shop-key-2x', 'unknown'],
    ['Bearer shop-key-', 'unknown'],
    ['Bearer demo-key-1 shop-key-2', 'missing'],
    ['Bearer ', 'missing'],
    ['Bearer', 'missing'],
    ['Basic demo-key-1', 'missing'],
    ['demo-key-1', 'missing'],
    ['', 'missing'],
    [undefined, 'missing'],
  ])('keeps "%s" out', (authorization, kind) => {
    expect(ring.find(authorization, NOON_MS)).toEqual({ kind });
  });

  it('tells callers apart without keeping their keys', () => {
    const grants = ['demo-key-1', 'shop-key-2'].map((key) => ring.find(`Bearer ${key}`, NOON_MS));
    const ids = grants.map((found) => (found.kind === 'granted' ? found.grant.id : ''));
    expect(ids).toEqual([aKey({ key: 'demo-key-1' }).sha256, 'shop']);
    expect(JSON.stringify(ring)).not.toMatch(/demo-key-1|shop-key-2/);
  });

  it('lets everyone in only where nobody has declared keys: no keys at all open to nobody', () => {
    expect(new KeyRing(null).find(undefined, NOON_MS)).toMatchObject({ kind: 'granted', grant: { streams: null } });
    expect(new KeyRing([]).find(undefined, NOON_MS)).toEqual({ kind: 'missing' });
    expect(new KeyRing([]).find('Bearer ', NOON_MS)).toEqual({ kind: 'missing' });
    expect(new KeyRing([]).find('Bearer some-key-1', NOON_MS)).toEqual({ kind: 'unknown' });
  });

  it('opens until the instant that a key expires, and not from then on', () => {
    const expiring = ringOf([{ key: 'short-lived', expiresMs: NOON_MS }]);
    expect(expiring.find('Bearer short-lived', NOON_MS - 1)).toMatchObject({ kind: 'granted' });
    expect(expiring.find('Bearer short-lived', NOON_MS)).toEqual({ kind: 'expired' });
  });

  it('takes keys in and out while it stands, beside those that stay', () => {
    const changing = ringOf([{ key: 'stays-here' }]);
    const kinds = (): string[] =>
      ['stays-here', 'first-key', 'second-key'].map((key) => changing.find(`Bearer ${key}`, 0).kind);
    changing.replace([aKey({ key: 'first-key' })]);
    expect(kinds()).toEqual(['granted', 'granted', 'unknown']);
    changing.replace([aKey({ key: 'first-key' }), aKey({ key: 'second-key' })]);
    expect(kinds()).toEqual(['granted', 'granted', 'granted']);
    changing.replace([aKey({ key: 'second-key' })]);
    expect(kinds()).toEqual(['granted', 'unknown', 'granted']);
  });

  it('compares what a call has shown once, and again when keys were exchanged', () => {
    const changing = ringOf([]);
    changing.replace([aKey({ key: 'lasting-key', expiresMs: NOON_MS })]);
    const hashed = jest.spyOn(crypto, 'createHash');
    const shown = changing.shown('Bearer lasting-key');
    const kinds = [1, 2, NOON_MS - 1, NOON_MS].map((nowMs) => shown(nowMs).kind);
    expect([kinds, hashed.mock.calls.length]).toEqual([['granted', 'granted', 'granted', 'expired'], 1]);
    changing.replace([]);
    expect([shown(1).kind, shown(1).kind, hashed.mock.calls.length]).toEqual(['unknown', 'unknown', 2]);
    hashed.mockRestore();
  });

  it('joins the rights of one key that stands in several places, right by right', () => {
    const joined = ringOf([
      { key: 'twice-here', streams: ['a'], sql: true },
      { key: 'twice-here', streams: ['b'], requestsPerSecond: 3 },
      { key: 'twice-here', streams: ['c'], expiresMs: 1 },
    ]);
    expect(joined.find('Bearer twice-here', 1)).toMatchObject({
      grant: { streams: ['a', 'b'], sqlStreams: ['a'], requestsPerSecond: 3 },
    });
  });
});
