export const EVENT_TYPES = ['page_view', 'add_to_cart', 'remove_from_cart', 'purchase', 'search', 'wishlist'] as const;
export type EventType = (typeof EVENT_TYPES)[number];

/** One event as a shop sends it. Money is decimal text with two digits, so that nothing is lost on the way. */
export interface ShopEvent {
  readonly event_id: string;
  readonly event_type: EventType;
  /** Epoch ms; written as ISO 8601. */
  readonly timestampMs: number;
  readonly user_id: string;
  readonly product_id: string | null;
  readonly product_name: string | null;
  readonly category: string | null;
  readonly price: string | null;
  readonly quantity: number | null;
  readonly session_id: string;
  readonly device_type: string;
  readonly country: string;
  /** On purchases only: price × quantity. */
  readonly revenue: string | null;
  /** On purchases only, where the shop says it. */
  readonly payment_method: string | null;
}

/** The event as one line of JSON; money as JSON numbers with their exact digits, what is null left out. */
export function eventJson(event: ShopEvent): string {
  const product =
    event.product_id === null
      ? ''
      : `,"product_id":"${event.product_id}","product_name":${JSON.stringify(event.product_name)}` +
        `,"category":"${event.category}","price":${event.price},"quantity":${event.quantity}`;
  const revenue = event.revenue === null ? '' : `,"revenue":${event.revenue}`;
  const payment = event.payment_method === null ? '' : `,"payment_method":"${event.payment_method}"`;
  return (
    `{"event_id":"${event.event_id}","event_type":"${event.event_type}"` +
    `,"timestamp":"${new Date(event.timestampMs).toISOString()}","user_id":"${event.user_id}"${product}` +
    `,"session_id":"${event.session_id}","device_type":"${event.device_type}","country":"${event.country}"${revenue}${payment}}`
  );
}

/** Cents as decimal text: 1234 → `12.34`. */
export function centsText(cents: number): string {
  return `${Math.floor(cents / 100)}.${String(cents % 100).padStart(2, '0')}`;
}
