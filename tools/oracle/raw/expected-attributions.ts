import type { AcceptedRow, PartitionOutcome } from './decide-partition';
import { decimalText } from './decimal';
import type { PlainDefinition, PlainRow } from './plain-definition';
import type { ExpectedLateVisit, ExpectedRecord, PlainAttribution } from './plain-visits';
import { keyOf, textOf, type Stretch } from './stretch';

/** A view or a purchase, whose it is, and what it is of. */
interface Touch {
  readonly row: AcceptedRow;
  readonly match: string;
}

/**
 * The attributions of a stretch of one partition: record by record, each purchase that the watermark has reached is held against
 * all views so far.
 */
export function expectedAttributions(
  definition: PlainDefinition,
  attribution: PlainAttribution,
  outcome: PartitionOutcome,
  { from, until, sinceMs }: Stretch,
): { readonly attributions: ExpectedRecord[]; readonly late: ExpectedLateVisit[] } {
  const { withinMs, outOfOrdernessMs } = attribution;
  const told: { readonly attributions: ExpectedRecord[]; readonly late: ExpectedLateVisit[] } = {
    attributions: [],
    late: [],
  };
  const views: Touch[] = [];
  let purchases: Touch[] = [];
  let watermarkMs = -Infinity;
  const decide = (decidedBy: number, reachedMs: number): void => {
    const due = purchases.filter(({ row }) => row.eventTimeMs <= reachedMs);
    purchases = purchases.filter((one) => !due.includes(one));
    for (const purchase of due) {
      told.attributions.push(...recordsOf(definition, attribution, purchase, views, decidedBy));
    }
  };
  for (const [offset, inputAfterMs] of outcome.inputsAfterMs) {
    if (offset < from) {
      watermarkMs = Math.max(inputAfterMs - outOfOrdernessMs, sinceMs + 1);
      continue;
    }
    if (offset >= until) {
      decide(offset, Infinity);
      break;
    }
    watermarkMs = Math.max(watermarkMs, sinceMs + 1);
    for (const row of outcome.accepted.filter((one) => one.offset === offset)) {
      const [isView, isPurchase] = [attribution.from(row.row), attribution.to(row.row)];
      const match = matchOf(definition, attribution, row.row);
      if (match === null || (!isView && !isPurchase)) continue;
      const latenessMs = watermarkMs - row.eventTimeMs;
      if (latenessMs > 0) told.late.push({ id: row.id, metric: 'attribution', missedStartsMs: [], latenessMs });
      // A view counts as long as a purchase may still need it.
      if (isView && row.eventTimeMs + withinMs >= watermarkMs) views.push({ row, match });
      if (isPurchase && latenessMs <= 0 && row.eventTimeMs > sinceMs + withinMs) purchases.push({ row, match });
    }
    watermarkMs = Math.max(watermarkMs, inputAfterMs - outOfOrdernessMs);
    decide(offset, watermarkMs);
  }
  return told;
}

function matchOf(definition: PlainDefinition, { on }: PlainAttribution, row: PlainRow): string | null {
  const keyField = keyOf(definition, row);
  const values = on.map((field) => row[field] ?? null);
  return keyField === null || values.includes(null) ? null : JSON.stringify([textOf(row, keyField), ...values]);
}

function recordsOf(
  definition: PlainDefinition,
  attribution: PlainAttribution,
  { row, match }: Touch,
  views: readonly Touch[],
  decidedBy: number,
): ExpectedRecord[] {
  const { withinMs, maxMatches, on, category, device, revenue } = attribution;
  const led = views
    .filter((view) => view.match === match)
    .map((view) => view.row)
    .filter(({ eventTimeMs }) => eventTimeMs < row.eventTimeMs && eventTimeMs + withinMs >= row.eventTimeMs)
    .sort((a, b) => b.eventTimeMs - a.eventTimeMs || b.offset - a.offset || b.index - a.index);
  const seen = led.slice(0, maxMatches);
  const minor = revenue === null ? null : (row.row[revenue] as bigint | null);
  const amount = (units: bigint): string => decimalText(units, definition.minorDigits);
  const common = {
    user: textOf(row.row, keyOf(definition, row.row)),
    on: Object.fromEntries(on.map((field) => [field, String(row.row[field])])),
    category: told(row.row, category),
    device: told(row.row, device),
    direct: seen.length === 0,
    purchase_id: row.id,
    purchased: iso(row.eventTimeMs),
    revenue: minor === null ? null : amount(minor),
    views: seen.length,
    truncated: led.length > maxMatches,
    decided_by: decidedBy,
  };
  const purchaseKey = `${row.offset}|${row.index}`;
  if (seen.length === 0) return [{ key: `${row.partition}|direct|${purchaseKey}`, json: common }];
  return seen.map((view, i) => {
    const count = BigInt(seen.length);
    const share = minor === null ? null : minor / count + (BigInt(i) < minor % count ? 1n : 0n);
    return {
      key: `${row.partition}|${view.offset}|${view.index}|${purchaseKey}`,
      json: {
        ...common,
        view_id: view.id,
        viewed: iso(view.eventTimeMs),
        time_to_purchase_ms: row.eventTimeMs - view.eventTimeMs,
        touch: i + 1,
        last_touch: i === 0,
        share: 1 / seen.length,
        assisted_revenue: share === null ? null : amount(share),
      },
    };
  });
}

/** A field as it is told: an empty text is one. */
function told(row: PlainRow, field: string | null): string | null {
  const value = field === null ? null : (row[field] ?? null);
  return value === null ? null : String(value);
}

function iso(epochMs: number): string {
  return new Date(epochMs).toISOString();
}
