import { NO_TEXT } from './text-table';

/** What a session takes of a row. Texts are ids of a TextTable. */
export interface SessionRow {
  timeMs: number;
  /** PAGE_VIEW, CART, REMOVAL and PURCHASE, as far as it is one. */
  kinds: number;
  type: number;
  product: number;
  category: number;
  device: number;
  location: number;
  client: number;
  /** Of what it puts into the cart, in minor units; NaN: it has no price. */
  value: number;
  /** In minor units; NaN: none. */
  revenue: number;
  /** One of its texts was cut. */
  isCut: boolean;
}

/** A row to write into. */
export function anEmptyRow(): SessionRow {
  return {
    ...{ timeMs: NaN, kinds: 0, value: NaN, revenue: NaN, isCut: false },
    ...{ type: NO_TEXT, product: NO_TEXT, category: NO_TEXT, device: NO_TEXT, location: NO_TEXT, client: NO_TEXT },
  };
}
