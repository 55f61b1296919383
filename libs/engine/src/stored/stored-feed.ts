/** A row as a store outside has it. */
export interface StoredRow {
  readonly partition: number;
  /** Of its record in the feed's topic; of events the raw offset. */
  readonly offset: number;
  /** Its id; of events `<offset>|<index>`. */
  readonly key: string;
  /** As `rowText` makes it. */
  readonly text: string;
}

/** Rows whose time is in [fromMs, toMs). */
export interface StoredSpan {
  readonly fromMs: number;
  readonly toMs: number;
}

/** A feed as a store outside has it, at one moment. */
export interface StoredFeed {
  /** First position of a partition that is not stored yet: 0 when nothing is. */
  next(partition: number): number;
  /** Spans that make up [fromMs, toMs) in order, each with no more than so many rows, as far as days can be told apart. */
  turns(span: StoredSpan, mostRows: number): readonly StoredSpan[];
  /** Its rows in a span, in any order. */
  read(span: StoredSpan, take: (rows: readonly StoredRow[]) => void): Promise<void>;
}
