const CONTROL = 'tillstream-control';
const BATCH_ID = 'tillstream-batch-id';
const REROUTED = 'tillstream-rerouted';

/** A record as it stands in a raw partition. */
export interface OracleRecord {
  readonly offset: number;
  /** As stamped by the broker. */
  readonly appendMs: number;
  readonly value: Uint8Array | null;
  readonly headers: Readonly<Record<string, Uint8Array>>;
}

/** Where rows came from that were first written to another partition. */
export interface Source {
  readonly partition: number;
  readonly next: number;
  /** Offset there of each row. */
  readonly rowOffsets: readonly number[];
}

/** Epoch ms an `advance` record asks for; null for every other control record. Undefined: no control record. */
export function advanceOf(record: OracleRecord): number | null | undefined {
  if (record.headers[CONTROL] === undefined) return undefined;
  try {
    const decision = JSON.parse(textOf(record.value ?? new Uint8Array())) as Record<string, unknown> | null;
    const asked = decision?.['kind'] === 'advance' ? decision['toMs'] : null;
    return Number.isSafeInteger(asked) ? (asked as number) : null;
  } catch {
    return null;
  }
}

/** The write a record belongs to, as text; null for foreign producers. */
export function batchIdOf(record: OracleRecord): string | null {
  const bytes = record.headers[BATCH_ID];
  return bytes?.length === 16 ? Buffer.from(bytes).toString('hex') : null;
}

/**
 * `partition|from|next|d d …`, each d the step from the row before (the first from `from`). Whoever writes such a header
 * writes numbers without leading zeros and rows that lie before `next`; anything else says nothing.
 */
export function sourceOf(record: OracleRecord): Source | null {
  const header = record.headers[REROUTED];
  if (header === undefined) return null;
  const fields = textOf(header).split('|');
  const steps = fields[3] === '' ? [] : fields[3]?.split(' ');
  if (fields.length !== 4 || ![...fields.slice(0, 3), ...(steps ?? [])].every(isNatural)) return null;
  const [partition, from, next] = fields.map(Number);
  if (partition === undefined || from === undefined || next === undefined) return null;
  const rowOffsets: number[] = [];
  for (const step of steps ?? []) rowOffsets.push((rowOffsets.at(-1) ?? from) + Number(step));
  return rowOffsets.every((offset) => offset < next) ? { partition, next, rowOffsets } : null;
}

function isNatural(text: string): boolean {
  return /^(0|[1-9]\d*)$/.test(text) && Number(text) <= Number.MAX_SAFE_INTEGER;
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
