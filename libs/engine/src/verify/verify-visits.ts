import type { DerivedOf, NewRecord, StreamDefinition } from '@tillstream/contracts';
import { encodePurchases, encodeSessions } from '@tillstream/contracts';
import type { VisitNews } from '@tillstream/core';
import { readDefinitions } from '../definitions/definition-history';
import type { LogReader } from '../ports/log';
import type { BatchFeed } from '../recompute/batch-feed';
import { NothingRetainedError } from '../recompute/feed-start';
import { openTrackers, startTrackers } from '../recompute/open-feeds';
import type { WantedRows } from '../recompute/open-feeds';
import { readRange } from '../task/log-tail';
import type { PlacedFinal } from './final-table';
import { StandingVisits, readVisit } from './standing-visits';

const MOST_DIFFERENCES = 1_000;

export interface VerifyVisitsOptions {
  readonly reader: LogReader;
  readonly definition: StreamDefinition;
  /** Sessions that end, and purchases that were made, in [fromMs, toMs). */
  readonly fromMs: number;
  readonly toMs: number;
  readonly fromTheBeginning?: boolean;
  readonly onProgress?: (progress: BatchFeed['progress']) => void;
}

/** A session or an attribution that is not as it should be; kinds as of finals. */
export interface VisitDifference {
  readonly kind: 'differs' | 'missing' | 'surplus';
  readonly of: DerivedOf;
  /** Its key in the topic. */
  readonly id: string;
  readonly partition: number;
  /** Offset of the record that stands there; null: there is none. */
  readonly offset: number | null;
  /** The first member in which both differ. Null where there is only one. */
  readonly first: { readonly name: string; readonly standing: string; readonly recomputed: string } | null;
}

/** What was found of sessions, or of attributions. */
export interface VerifiedVisits {
  readonly of: DerivedOf;
  /** That stand in the range, and of how many of them raw gives the same bytes. */
  compared: number;
  equal: number;
  readonly counts: Record<VisitDifference['kind'], number>;
  /** That raw gives and the service has not come to, and that the topic has let go. */
  awaited: number;
  expired: number;
}

export interface VerifyVisitsReport {
  readonly visits: readonly VerifiedVisits[];
  /** No more than the first ones found. */
  readonly differences: readonly VisitDifference[];
  /** What ends before this could not be computed: raw no longer holds what it needs. Infinity: nothing could. */
  readonly verifiedFromMs: number;
  /** Why not; null where all could. */
  readonly unverified: string | null;
}

/**
 * Finds sessions and attributions of a range from raw once more, with an enricher and trackers of its own, and compares byte for
 * byte with what stands in their topics, every copy of it.
 */
export async function verifyVisits(options: VerifyVisitsOptions): Promise<VerifyVisitsReport> {
  const { reader, definition, fromMs, toMs, fromTheBeginning = false, onProgress } = options;
  const declared = (definition.derived ?? []).map(({ of }) => of);
  if (declared.length === 0) return { visits: [], differences: [], verifiedFromMs: fromMs, unverified: null };
  const history = await readDefinitions(reader, definition);
  const wanted: WantedRows = { reader, definition, history, source: 'raw', fromMs, fromTheBeginning };
  let starts: Awaited<ReturnType<typeof startTrackers>>;
  try {
    starts = await startTrackers(wanted);
  } catch (error) {
    if (!(error instanceof NothingRetainedError)) throw error;
    return { visits: [], differences: [], verifiedFromMs: Infinity, unverified: error.message };
  }
  const firstMs = starts.fromMs;
  const run = new VisitVerification(reader, definition);
  for (const of of declared) await run.readStanding({ of, fromMs: firstMs, toMs });
  // Opened when what stands has been read: all of it comes of records that stand in raw by now.
  for (const { feed, tracker } of await openTrackers(wanted, starts)) {
    for (let batch = await feed.next(); batch; batch = await feed.next()) {
      await run.compare(feed.partition, tracker.apply(batch));
      onProgress?.(feed.progress);
    }
  }
  await run.noteSurplus();
  const isCut = firstMs > fromMs;
  const why = `${definition.topics.raw} no longer holds all that earlier ones are made of`;
  return { ...run.report(), verifiedFromMs: firstMs, unverified: isCut ? why : null };
}

/** Sessions, or attributions, that are being compared. */
interface Compared {
  readonly standing: StandingVisits;
  readonly found: VerifiedVisits;
}

class VisitVerification {
  private readonly compared = new Map<DerivedOf, Compared>();
  private readonly differences: VisitDifference[] = [];

  constructor(
    private readonly reader: LogReader,
    private readonly definition: StreamDefinition,
  ) {}

  async readStanding(range: Parameters<typeof StandingVisits.read>[2]): Promise<void> {
    const { of } = range;
    const standing = await StandingVisits.read(this.reader, this.definition, range);
    const counts = { differs: 0, missing: 0, surplus: 0 };
    this.compared.set(of, {
      standing,
      found: { of, compared: standing.count, equal: 0, counts, awaited: 0, expired: 0 },
    });
    for (const place of standing.conflicts) await this.note(of, 'differs', place, null);
  }

  async compare(partition: number, news: VisitNews): Promise<void> {
    const { exponent } = this.definition.schema.money;
    for (const record of encodeSessions(news.sessions, exponent)) await this.check('sessions', partition, record);
    for (const record of encodePurchases(news.attributions, partition, exponent)) {
      await this.check('attributions', partition, record);
    }
  }

  /** What stands there and nothing has given. */
  async noteSurplus(): Promise<void> {
    for (const [of, { standing }] of this.compared) {
      for (const place of standing.unseen()) await this.note(of, 'surplus', place, null);
    }
  }

  report(): Pick<VerifyVisitsReport, 'visits' | 'differences'> {
    return { visits: [...this.compared.values()].map(({ found }) => found), differences: this.differences };
  }

  private async check(of: DerivedOf, partition: number, record: NewRecord): Promise<void> {
    const compared = this.compared.get(of);
    const told = readVisit(of, record, this.definition.schema.money.exponent);
    if (!compared || !told || !compared.standing.isWanted(told)) return;
    const { standing, found } = compared;
    const stands = standing.check(partition, record.key ?? EMPTY, record.value ?? EMPTY);
    if (stands === 'equal') found.equal += 1;
    else if (stands !== 'missing') await this.note(of, 'differs', stands, record);
    else {
      const absence = standing.absence(partition, told);
      if (absence === 'missing') await this.note(of, 'missing', { partition, offset: null }, record);
      else found[absence] += 1;
    }
  }

  private async note(
    of: DerivedOf,
    kind: VisitDifference['kind'],
    { partition, offset }: Pick<PlacedFinal, 'partition'> & { readonly offset: number | null },
    recomputed: Pick<NewRecord, 'key' | 'value'> | null,
  ): Promise<void> {
    const compared = this.compared.get(of);
    if (!compared) return;
    compared.found.counts[kind] += 1;
    if (this.differences.length >= MOST_DIFFERENCES) return;
    const { topic } = compared.standing;
    const [standing = null] = offset === null ? [] : await readRange(this.reader, topic, partition, offset, offset + 1);
    const id = textOf((standing ?? recomputed)?.key ?? null);
    const first = standing && recomputed ? firstDifference(standing, recomputed) : null;
    this.differences.push({ kind, of, id, partition, offset, first });
  }
}

const EMPTY = new Uint8Array(0);

function firstDifference(
  standing: Pick<NewRecord, 'value'>,
  recomputed: Pick<NewRecord, 'value'>,
): VisitDifference['first'] {
  const [a, b] = [membersOf(standing), membersOf(recomputed)];
  for (const name of Object.keys({ ...b, ...a })) {
    const [there, computed] = [JSON.stringify(a[name]) ?? 'nothing', JSON.stringify(b[name]) ?? 'nothing'];
    if (there !== computed) return { name, standing: there, recomputed: computed };
  }
  return { name: 'the record', standing: textOf(standing.value), recomputed: textOf(recomputed.value) };
}

function membersOf({ value }: Pick<NewRecord, 'value'>): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(textOf(value)) as Readonly<Record<string, unknown>>;
  } catch {
    return {}; // a tombstone, or what somebody else has written
  }
}

function textOf(bytes: Uint8Array | null): string {
  return bytes === null ? 'a tombstone' : new TextDecoder().decode(bytes);
}
