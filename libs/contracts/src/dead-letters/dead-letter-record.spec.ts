import type { DeadLetter } from '@tillstream/core';
import { MAX_DEAD_LETTER_BYTES } from '../bounds';
import type { NewRecord } from '../record';
import { decodeDeadLetter, encodeDeadLetter } from './dead-letter-record';

const source = { topic: 'ecommerce-events', partition: 2 };
const letter: DeadLetter = {
  rawOffset: 41,
  index: 3,
  appendMs: 1_569_888_000_000,
  code: 'wrong-type',
  path: 'price',
  message: 'price is “teuer”, not money',
  bytes: Uint8Array.of(0x7b, 0xff, 0x7d),
};
const stored = (record: NewRecord) => ({ offset: 0, timestampMs: 0, headers: {}, ...record });

describe('dead letters', () => {
  it('keep the original bytes and say why and from where', () => {
    expect(decodeDeadLetter(stored(encodeDeadLetter(letter, source)))).toEqual({
      id: '2|41|3',
      source: { topic: 'ecommerce-events', partition: 2, offset: 41, index: 3 },
      appendMs: 1_569_888_000_000,
      code: 'wrong-type',
      path: 'price',
      message: 'price is “teuer”, not money',
      bytes: letter.bytes,
      size: 3,
    });
  });

  it('have their id as key, also for a record as a whole', () => {
    expect(Buffer.from(encodeDeadLetter({ ...letter, index: -1 }, source).key ?? []).toString()).toBe('2|41|-1');
  });

  it('are the same bytes whoever writes them', () => {
    expect(encodeDeadLetter(letter, source)).toEqual(encodeDeadLetter({ ...letter }, { ...source }));
  });

  it('keep 1 MiB whole, and of more only where to find it', () => {
    const sized = (bytes: number) =>
      decodeDeadLetter(stored(encodeDeadLetter({ ...letter, bytes: new Uint8Array(bytes) }, source)));
    expect(sized(MAX_DEAD_LETTER_BYTES)?.bytes).toHaveLength(MAX_DEAD_LETTER_BYTES);
    expect(sized(MAX_DEAD_LETTER_BYTES + 1)).toMatchObject({
      bytes: null,
      size: MAX_DEAD_LETTER_BYTES + 1,
      id: '2|41|3',
    });
  });

  it('are not made of records that somebody else wrote', () => {
    expect(decodeDeadLetter(stored({ key: null, value: Buffer.from('{}') }))).toBeNull();
  });
});
