/** What a session takes of a row. Texts are ids of a TextTable. */
export interface SessionRow {
  timeMs: number;
  isPageView: boolean;
  isCart: boolean;
  isRemoval: boolean;
  isPurchase: boolean;
  type: number;
  product: number;
  category: number;
  device: number;
  location: number;
  client: number;
  /** Price times quantity, in minor units; NaN: it has no price. */
  value: number;
  /** In minor units; NaN: none. */
  revenue: number;
  /** One of its texts was cut. */
  isCut: boolean;
}
