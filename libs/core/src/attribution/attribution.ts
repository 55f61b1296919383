/** Where a row stands in the raw partition: its record, and its place within. */
export interface RowPosition {
  readonly offset: number;
  readonly index: number;
}

/** A view that led to a purchase. */
export interface AttributedView extends RowPosition {
  readonly timeMs: number;
  /** Its share of the purchase if all views have the same: 1 / number of views that are told. */
  readonly share: number;
  /** Its share of the revenue, in minor units: the shares of a purchase add up to its revenue exactly. NaN: no revenue. */
  readonly revenue: number;
}

/** A purchase with the views that led to it: decided once no event before it can still come. */
export interface AttributedPurchase extends RowPosition {
  /** The event key's text. */
  readonly user: string;
  readonly timeMs: number;
  /** Values of the fields of `on`, as text. */
  readonly on: readonly string[];
  readonly category: string | null;
  readonly device: string | null;
  /** In minor units; NaN is null. */
  readonly revenue: number;
  /** Newest first (of equal times the one further in raw): the first is the last touch. Empty: a direct purchase. */
  readonly views: readonly AttributedView[];
  /** There are more views. */
  readonly truncated: boolean;
  /** Raw offset of the record that moved the watermark past it. */
  readonly decidedBy: number;
}

/** A view or purchase that the watermark had passed before it came. A view counts all the same where its purchase is not decided. */
export interface LateTouch {
  readonly rawOffset: number;
  readonly index: number;
  /** Watermark less event time. */
  readonly latenessMs: number;
  /** The row's fields as one JSON object, keys in order of declaration, nulls left out. */
  readonly json: string;
}
