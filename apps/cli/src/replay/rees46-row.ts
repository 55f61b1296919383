import { type CsvColumns, type CsvKind, jsonNumber } from './csv-kind';
import type { ReplayRow } from './replay-source';

/** Files of a REES46 shop (Open CDP), sorted by time. */
export const REES46: CsvKind = {
  name: 'REES46',
  columns: ['event_time', 'event_type', 'product_id', 'category_code', 'brand', 'price', 'user_id', 'user_session'],
  row: rees46Row,
  timeMs: (columns) => rees46Time(columns['event_time'] ?? ''),
};

const TYPES: ReadonlyMap<string, string> = new Map([
  ['view', 'page_view'],
  ['cart', 'add_to_cart'],
]);

/**
 * One REES46 row as an event of a shop. The id follows from file and row, so a row that is sent again is known, and rows
 * that look alike stay apart. The price keeps its digits. What cannot be read is passed on as it is, for the gateway to
 * refuse with its reason.
 *
 * @param source name of the file, the same however it is compressed
 * @param shiftMs added to the time
 */
export function rees46Row(
  source: string,
  number: number,
  columns: CsvColumns,
  shiftMs: number,
): Omit<ReplayRow, 'file'> {
  const timeMs = rees46Time(columns['event_time'] ?? '');
  const type = columns['event_type'] ?? '';
  const productId = columns['product_id'] ?? '';
  const brand = columns['brand'] ?? '';
  const event: Record<string, unknown> = {
    event_id: `${source}#${number}`,
    event_type: TYPES.get(type) ?? type,
    timestamp: timeMs === null ? columns['event_time'] : new Date(timeMs + shiftMs).toISOString(),
    user_id: columns['user_id'],
    product_id: productId,
    product_name: brand === '' ? productId : `${brand} ${productId}`,
    category: columns['category_code'] || 'unknown',
    quantity: 1,
  };
  if (columns['user_session']) event['session_id'] = columns['user_session'];
  const json = JSON.stringify(event);
  return {
    number,
    text: `${json.slice(0, -1)}${priceField(columns['price'] ?? '')}}`,
    timeMs: timeMs === null ? null : timeMs + shiftMs,
  };
}

/** `2019-10-01 00:00:00 UTC` → epoch ms, or null. */
export function rees46Time(text: string): number | null {
  const match = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d) UTC$/.exec(text);
  const timeMs = match === null ? NaN : Date.parse(`${match[1]}T${match[2]}Z`);
  return Number.isNaN(timeMs) ? null : timeMs;
}

/** The digits as they are, as a JSON number where they are one. */
function priceField(price: string): string {
  if (price === '') return '';
  return `,"price":${jsonNumber(price)}`;
}
