import type { AcceptedRow, PartitionOutcome } from './decide-partition';
import type { PlainRow, PlainValue } from './plain-definition';
import type { ExpectedRecord } from './plain-visits';

type Json = Readonly<Record<string, unknown>>;

const HOUR_MS = 3_600_000;

/** What metrics over sessions read of one. */
export function sessionRow({ key, json }: ExpectedRecord): PlainRow {
  const {
    entry,
    exit,
    path,
    client_sessions: ids,
    cart,
  } = json as {
    readonly entry: { readonly product: string | null; readonly category: string | null };
    readonly exit: { readonly product: string | null; readonly category: string | null };
    readonly path: readonly string[];
    readonly client_sessions: readonly string[];
    readonly cart: readonly { readonly value: string | null }[];
  };
  const values = cart.flatMap(({ value }) => minor(value) ?? []);
  return {
    ...plain(json, ['user', 'part', 'duration_ms', 'events', 'page_views', 'carts', 'purchases', 'products']),
    ...plain(json, ['converted', 'bounced', 'device', 'location', 'abandoned', 'cut', 'truncated']),
    session_id: key,
    started: timeOf(json['start']),
    ended: timeOf(json['end']),
    revenue: minor(json['revenue']),
    entry_product: entry.product,
    entry_category: entry.category,
    exit_product: exit.product,
    exit_category: exit.category,
    path: path.join(' > '),
    client_session: ids[0] ?? null,
    client_sessions: ids.length,
    cart_value: values.length === 0 ? null : values.reduce((a, b) => a + b, 0n),
    cart_products: cart.length,
    hour_of_day: Math.floor((timeOf(json['start']) ?? 0) / HOUR_MS) % 24,
  };
}

/** What metrics over attributions read of one. */
export function attributionRow({ json }: ExpectedRecord): PlainRow {
  const isDirect = json['direct'] === true;
  return {
    ...(json['on'] as Readonly<Record<string, string>>),
    ...plain(json, ['purchase_id', 'view_id', 'user', 'category', 'device', 'time_to_purchase_ms', 'share']),
    ...plain(json, ['direct', 'views', 'truncated', 'touch']),
    purchased: timeOf(json['purchased']),
    viewed: timeOf(json['viewed']),
    revenue: minor(json['revenue']),
    assisted_revenue: minor(json['assisted_revenue']),
    last_touch: json['last_touch'] === true,
    first_of_purchase: isDirect || json['touch'] === 1,
  };
}

/** How the rows of a derived stream are made of what one partition tells. */
export interface DerivedRows {
  readonly rowOf: (record: ExpectedRecord) => PlainRow;
  /** The member that says which raw record has brought it about. */
  readonly saidBy: string;
  /** The field with the time of the row. */
  readonly time: string;
  /** Those that one record brings about, in their order. */
  readonly compare: (a: ExpectedRecord, b: ExpectedRecord) => number;
  /** No row is older than the watermark input of events less this. */
  readonly delayMs: number;
}

/** The rows of a derived stream as if they were events of a raw partition: each at the record that has brought it about. */
export function derivedPartition(
  partition: number,
  { inputsAfterMs, watermarkInputMs }: PartitionOutcome,
  records: readonly ExpectedRecord[],
  { rowOf, saidBy, time, compare, delayMs }: DerivedRows,
): PartitionOutcome {
  const byOffset = new Map<number, ExpectedRecord[]>();
  for (const record of records) {
    const offset = Number(record.json[saidBy]);
    byOffset.set(offset, [...(byOffset.get(offset) ?? []), record]);
  }
  const accepted: AcceptedRow[] = [];
  let inputBeforeMs = -Infinity;
  for (const [offset, inputMs] of inputsAfterMs) {
    const here = [...(byOffset.get(offset) ?? [])].sort(compare);
    here.forEach((record, index) => {
      const row = rowOf(record);
      const id = `${partition}|${offset}|${index}`;
      accepted.push({ id, partition, offset, index, row, eventTimeMs: Number(row[time]), inputBeforeMs });
    });
    inputBeforeMs = Math.max(inputBeforeMs, inputMs - delayMs);
  }
  const nothing = { deadLetters: [], duplicates: [], misplaced: [], broughtBefore: [] };
  return { ...nothing, accepted, watermarkInputMs: watermarkInputMs - delayMs, inputsAfterMs: new Map() };
}

function plain(json: Json, names: readonly string[]): PlainRow {
  return Object.fromEntries(names.map((name) => [name, (json[name] ?? null) as PlainValue]));
}

function timeOf(text: unknown): number | null {
  return typeof text === 'string' ? Date.parse(text) : null;
}

/** An amount in minor units, of its text. */
function minor(text: unknown): bigint | null {
  return typeof text === 'string' ? BigInt(text.replace('.', '')) : null;
}
