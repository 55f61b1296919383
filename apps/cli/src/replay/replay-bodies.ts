import type { ReplayRow } from './replay-source';

/** Rows that travel together. */
export interface ReplayBody {
  readonly rows: readonly ReplayRow[];
  /** First and last time of its rows that have one; null: none has. */
  readonly span: { readonly firstMs: number; readonly lastMs: number } | null;
}

/** Room below the largest body a gateway takes. */
const MAX_BODY_CHARACTERS = 1_000_000;

/**
 * Gathers rows into bodies of at most `maxRows` rows and `maxSpanMs` of event time (Infinity: any), in order.
 */
export async function* replayBodies(
  rows: AsyncIterable<ReplayRow>,
  maxRows: number,
  maxSpanMs: number,
): AsyncGenerator<ReplayBody, void, void> {
  let body = new GatheredBody();
  for await (const row of rows) {
    const full = body.rows.length >= maxRows || body.characters >= MAX_BODY_CHARACTERS;
    if (body.rows.length > 0 && (full || body.spanWith(row) > maxSpanMs)) {
      yield body;
      body = new GatheredBody();
    }
    body.add(row);
  }
  if (body.rows.length > 0) yield body;
}

class GatheredBody implements ReplayBody {
  readonly rows: ReplayRow[] = [];
  span: ReplayBody['span'] = null;
  characters = 0;

  add(row: ReplayRow): void {
    this.rows.push(row);
    this.characters += row.text.length;
    const { timeMs } = row;
    if (timeMs === null) return;
    const { firstMs, lastMs } = this.span ?? { firstMs: timeMs, lastMs: timeMs };
    this.span = { firstMs: Math.min(firstMs, timeMs), lastMs: Math.max(lastMs, timeMs) };
  }

  spanWith({ timeMs }: ReplayRow): number {
    return timeMs === null || this.span === null ? 0 : timeMs - this.span.firstMs;
  }
}
