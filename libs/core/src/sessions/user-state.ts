/**
 * How the bytes of a user begin. All numbers are little-endian.
 *
 *     0  version                              u8
 *     1  form                                 u8
 *     2  open sessions                        u32
 *     6  the watermark from which on there    f64
 *        is something to do
 *    14  rows below this raw offset are       f64
 *        counted, and will not be again
 *
 * What follows depends on the form. ANY holds texts and then visitors, as UserCodec writes them. Nearly all users have one
 * open session, of rows that are near each other, and are not divided: ONE is for them. Rows are appended to it as they come.
 *
 *    22  is there a closed one before? 1, or 2 if it was cut                                   u8
 *    23  first and last event                 2 × f64
 *    39  rows that are not summed up yet      u8
 *    40  texts                                u8
 *    41  length of what is summed up          u16
 *    43  length of the texts                  u16
 *    45  of the closed one: start, last event, through   3 × f64, if there is one
 *        what is summed up, as UserCodec writes it
 *        texts, each behind its length        u8 and UTF-8
 *        rows
 *
 * A user who has nothing but a closed session has this form too, with none open.
 */
export const VERSION = 1;
export const ANY = 1;
export const ONE = 2;

export const FORM_AT = 1;
export const OPEN_AT = 2;
export const DUE_AT = 6;
export const THROUGH_AT = 14;
export const BODY_AT = 22;

export const OVER_AT = 22;
export const FIRST_AT = 23;
export const LAST_AT = 31;
export const ROWS_AT = 39;
export const TEXTS_AT = 40;
export const SUMMARY_LENGTH_AT = 41;
export const TEXTS_LENGTH_AT = 43;
export const REST_AT = 45;
export const OVER_START_AT = 45;
export const OVER_LAST_AT = 53;
export const OVER_THROUGH_AT = 61;
export const OVER_BYTES = 24;

/** Is a closed session remembered, and how did it end? */
export const NO_OVER = 0;
export const ENDED_OVER = 1;
export const CUT_OVER = 2;

/** Rows that wait to be summed up at most; then the user is woken up. */
export const MAX_ROWS = 32;
/** Texts that such a user may have, and how long they may be. */
export const MAX_TEXTS = 255;
export const MAX_TEXT = 127;
/** What is summed up in so many bytes at most. */
export const MAX_SUMMARY = 0xffff;

// Of a row: what it is, and what it has.
export const PAGE_VIEW = 1;
export const CART = 2;
export const REMOVAL = 4;
export const PURCHASE = 8;
export const HAS_VALUE = 16;
export const NEGATIVE_VALUE = 32;
export const HAS_REVENUE = 64;
export const NEGATIVE_REVENUE = 128;
/** The numbers of the texts it has: type, product, category, device, location, client's session. */
export const ROW_TEXTS = 6;

/** What the first bytes of a user's state say. */
export interface UserHead {
  /** The watermark from which on there is something to do. */
  readonly dueMs: number;
  /** Rows below this raw offset are counted in it, and will not be again. */
  readonly through: number;
  readonly openCount: number;
}

/** @throws RangeError for what is no state of a user, or was written by a later version */
export function readHead(view: DataView, at: number, end: number): UserHead {
  if (end - at < BODY_AT) throw new RangeError('the sessions of a user are cut short');
  if (view.getUint8(at) !== VERSION) throw new RangeError('the sessions of a user were written by another version');
  return {
    dueMs: view.getFloat64(at + DUE_AT, true),
    through: view.getFloat64(at + THROUGH_AT, true),
    openCount: view.getUint32(at + OPEN_AT, true),
  };
}
