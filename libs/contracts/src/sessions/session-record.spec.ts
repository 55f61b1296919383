import fc from 'fast-check';
import type { ClosedSession } from '@tillstream/core';
import { isAbandoned, sessionId } from '@tillstream/core';
import { aClosedSession } from '@tillstream/core/testing';
import { decodeAbandonedCart, encodeAbandonedCarts } from '../alerts/abandoned-cart-record';
import { decodeAlertRecord } from '../alerts/alert-records';
import type { NewRecord } from '../record';
import { decodeSession, encodeSessions } from './session-record';

const SESSIONS = { identity: 'sessions@0123abcd' };
const START_MS = Date.parse('2026-03-01T23:50:00.000Z');
const SESSION = aClosedSession({ user: 'u1|é', startMs: START_MS, endMs: START_MS + 90_500 });
const encodeSession = (told: ClosedSession, exponent = 2) =>
  encodeSessions([{ told, settings: SESSIONS }], exponent)[0] as NewRecord;
const encodeCart = (told: ClosedSession) => encodeAbandonedCarts([{ told, settings: SESSIONS }], 2)[0] as NewRecord;
const text = (bytes: Uint8Array | null): string => Buffer.from(bytes ?? []).toString();

const aText = fc.string({ unit: 'grapheme', maxLength: 8 });
const aCount = fc.nat(1_000_000);
const anAmount = fc.integer({ min: -(10 ** 12), max: 10 ** 12 });
const anEdge = fc.record({ product: fc.option(aText), category: fc.option(aText) });
const aSession: fc.Arbitrary<ClosedSession> = fc.record({
  user: aText,
  part: fc.option(aText),
  startMs: fc.integer({ min: -(10 ** 12), max: 10 ** 12 }),
  endMs: fc.integer({ min: 10 ** 12, max: 10 ** 13 }),
  events: aCount,
  pageViews: aCount,
  carts: aCount,
  purchases: aCount,
  products: aCount,
  revenue: anAmount,
  entry: anEdge,
  exit: anEdge,
  device: fc.option(aText),
  location: fc.option(aText),
  path: fc.array(aText, { maxLength: 4 }),
  clientSessions: fc.array(aText, { maxLength: 3 }),
  cart: fc.array(fc.record({ product: aText, value: fc.option(anAmount) }), { maxLength: 3 }),
  truncated: fc.boolean(),
  isCut: fc.boolean(),
  closedBy: fc.nat(2 ** 31),
});

describe('the record of a session', () => {
  it('is JSON that anybody can read, under the id of the session', () => {
    const { key, value } = encodeSession(SESSION);
    expect(text(key)).toBe(`u1|é|${START_MS}`);
    expect(text(value)).toBe(
      '{"user":"u1|é","start":"2026-03-01T23:50:00.000Z","end":"2026-03-01T23:51:30.500Z","duration_ms":90500,' +
        '"events":4,"page_views":2,"carts":1,"purchases":0,"products":2,"revenue":"0.00","converted":false,"bounced":false,' +
        '"entry":{"product":"p1","category":"shoes"},"exit":{"product":"p2","category":null},"device":"mobile",' +
        '"location":null,"path":["page_view","page_view","add_to_cart","search"],"client_sessions":["c1","c2"],' +
        '"cart":[{"product":"p1","value":"12.50"},{"product":"p2","value":null}],"abandoned":true,"cut":false,' +
        '"truncated":false,"definition":"0123abcd","closed_by":17}',
    );
  });

  it('is one of many, each as if it were alone', () => {
    const sessions = [SESSION, { ...SESSION, user: 'é' }, { ...SESSION, cart: [] }];
    const found = sessions.map((told) => ({ told, settings: SESSIONS }));
    const plain = ({ key, value }: NewRecord) => [text(key), text(value)];
    expect(encodeSessions(found, 2).map(plain)).toEqual(sessions.map((told) => plain(encodeSession(told))));
    expect(encodeSessions([], 2)).toEqual([]);
  });

  it('says what divides the events of its user, where they are divided', () => {
    const record = encodeSession({ ...SESSION, part: 'c1' });
    expect(text(record.key)).toBe(`u1|é|c1|${START_MS}`);
    expect(JSON.parse(text(record.value))).toMatchObject({ user: 'u1|é', part: 'c1' });
  });

  it('is read as it was written', () => {
    fc.assert(
      fc.property(aSession, fc.nat(3), (session, exponent) => {
        const record = encodeSession(session, exponent);
        expect(decodeSession(record, exponent)).toEqual({ ...session, identity: 'sessions@0123abcd' });
      }),
    );
  });

  it.each([
    ['a tombstone', null],
    ['no JSON', '{'],
    ['no object', '[]'],
    ['nothing', '{}'],
    ['a count that is none', text(encodeSession(SESSION).value).replace('"events":4', '"events":-4')],
    ['too many digits', text(encodeSession(SESSION).value).replace('"0.00"', '"0.001"')],
    ['no instant', text(encodeSession(SESSION).value).replace('23:50:00.000Z', '23:50')],
    ['a path of numbers', text(encodeSession(SESSION).value).replace('["page_view",', '[1,')],
  ])('is not understood: %s', (_, value) => {
    expect(decodeSession({ value: value === null ? null : Buffer.from(value) }, 2)).toBeNull();
  });
});

describe('the record of a cart that was left behind', () => {
  it('says whose it is, what lies in it and what that comes to', () => {
    const { key, value } = encodeCart(SESSION);
    expect(text(key)).toBe(`a|u1|é|${START_MS}`);
    expect(text(value)).toBe(
      '{"kind":"abandoned_cart","definition":"0123abcd","user":"u1|é","start":"2026-03-01T23:50:00.000Z",' +
        '"end":"2026-03-01T23:51:30.500Z","products":[{"product":"p1","value":"12.50"},{"product":"p2","value":null}],' +
        '"value":"12.50","truncated":false}',
    );
  });

  it('is read as it was written, and is no alert of a metric', () => {
    fc.assert(
      fc.property(aSession.filter(isAbandoned), (session) => {
        const record = encodeCart(session);
        const { user, part, startMs, endMs, cart, truncated } = session;
        expect(decodeAbandonedCart(record, 2)).toMatchObject({
          ...{ identity: 'sessions@0123abcd', user, part, startMs, endMs, products: cart, truncated },
          id: sessionId(session),
        });
        expect(decodeAlertRecord(record)).toEqual({ kind: 'unknown' });
      }),
    );
  });

  it('has no value where no product has a price', () => {
    const cart = [{ product: 'p2', value: null }];
    expect(decodeAbandonedCart(encodeCart({ ...SESSION, cart }), 2)?.value).toBeNull();
  });

  it.each([
    ['a tombstone', 'a|u1|1', null],
    ['an alert', 'o|m@1|2026-01-05T12:00:00.000Z|{}', '{}'],
    ['of something else', 'a|u1|1', text(encodeCart(SESSION).value).replace('abandoned', 'stolen')],
  ])('is not understood: %s', (_, key, value) => {
    const record = { key: Buffer.from(key), value: value === null ? null : Buffer.from(value) };
    expect(decodeAbandonedCart(record, 2)).toBeNull();
  });
});
