import { decodeAttribution, type ToldAttribution } from '@tillstream/contracts';
import type { LogRecord } from '@tillstream/engine';
import type { RecentRow } from '../view/recent-rows';

/** A view and the purchase it led to, or a direct purchase, as the view holds it. By id those of one purchase stand together, in the order of their touches. */
export interface AttributionRow extends RecentRow {
  /** Of the purchase. */
  readonly purchaseId: string;
  /** From the newest view on: 1, 2, … */
  readonly touch: number;
  /** How many rows the purchase has. */
  readonly rows: number;
  /** As text, which takes a third of what its values would. */
  readonly record: string;
}

/** A field that views and purchases agree in, and its value. */
export type OnValue = readonly [field: string, value: string];

export const keyOfUser = (user: string): string => `user ${user}`;
export const keyOfValue = ([field, value]: OnValue): string => `on ${field} ${value}`;

/** Reads the records of a topic of attributions. */
export class AttributionRows {
  constructor(private readonly moneyExponent: number) {}

  /** Null: the record tells of no purchase. */
  read(partition: number, { value, timestampMs, offset }: LogRecord): AttributionRow | null {
    const told = decodeAttribution({ value }, this.moneyExponent);
    if (value === null || told === null) return null;
    const { purchase, user, on, timeMs, touch, views } = told;
    const purchaseId = [told.partition, purchase.offset, purchase.index].map(padded).join('|');
    const keys = [keyOfUser(user), ...Object.entries(on).map(keyOfValue)];
    const record = Buffer.from(value).toString();
    const rows = Math.max(views, 1);
    return {
      ...{ id: `${purchaseId}|${padded(touch)}`, timeMs, appendMs: timestampMs, partition, offset, keys },
      ...{ purchaseId, touch, rows, record },
    };
  }

  toldOf({ record }: AttributionRow): ToldAttribution {
    const told = decodeAttribution({ value: Buffer.from(record) }, this.moneyExponent);
    if (told === null) throw new Error('a record that could be read cannot be read any more');
    return told;
  }
}

/** Ids are compared as text. */
function padded(number: number): string {
  return String(number).padStart(16, '0');
}
