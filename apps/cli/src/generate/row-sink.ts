import type { ShopRow } from '@tillstream/shop-events';

/** What became of the rows of one send. */
export interface SendOutcome {
  readonly accepted: number;
  /** How many rows were refused, by reason. */
  readonly rejected: Readonly<Record<string, number>>;
}

/** Where generated rows go. */
export interface RowSink {
  /** Sends that may be under way at the same time. */
  readonly parallel: number;
  /** Resolves when the other side has the rows. */
  send(rows: readonly ShopRow[]): Promise<SendOutcome>;
  close(): Promise<void>;
}
