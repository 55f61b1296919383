import { eventPosition } from '../../attribution/attribution-fields';
import type { BatchPosition, EventBatch } from '../../batch/event-batch';
import type { PartitionLog } from '../../metrics/testing/partition-log';
import { sessionId } from '../../sessions/session';
import type { StreamSchema } from '../../stream/schema';
import type { RowsEnd } from '../rows-chain';
import type { VisitNews, VisitSettings } from '../visit-tracker';
import { VisitTracker } from '../visit-tracker';

/** The log of what trackers say: all of it, whoever says it. */
export class SaidLog {
  readonly ids = new Map<string, unknown>();
  readonly sessionRows: EventBatch[] = [];
  readonly attributionRows: EventBatch[] = [];

  /** What is said again has to be the same. */
  append(news: VisitNews): void {
    for (const { told: session } of news.sessions) this.say(`session ${sessionId(session)}`, session);
    for (const { told: purchase } of news.attributions) this.say(`purchase ${eventPosition(0, purchase)}`, purchase);
    for (const late of news.lateVisits) this.say(`late visit ${late.rawOffset}|${late.index}`, late);
    for (const late of news.lateTouches) this.say(`late touch ${late.rawOffset}|${late.index}`, late);
  }

  appendRows(news: VisitNews): void {
    this.sessionRows.push(...news.sessionRows);
    this.attributionRows.push(...news.attributionRows);
  }

  get tails(): { sessions: RowsEnd | null; attribution: RowsEnd | null } {
    return { sessions: endOf(this.sessionRows), attribution: endOf(this.attributionRows) };
  }

  private say(id: string, value: unknown): void {
    if (this.ids.has(id)) expect(value).toEqual(this.ids.get(id));
    this.ids.set(id, value);
  }
}

function endOf(batches: readonly EventBatch[]): RowsEnd | null {
  const last = batches.at(-1);
  return last ? { rawNext: last.rawNext, after: last.after } : null;
}

/** How much of a step comes to pass before its life ends. */
export const STEP_ENDS = ['said', 'rows said', 'some puts', 'all puts', 'committed', 'done'] as const;
export type StepEnd = (typeof STEP_ENDS)[number];

/** A stretch of a log, and how far its task comes with what it has found there. */
export interface LifeStep {
  readonly entries: number;
  readonly end: StepEnd;
  readonly restart: boolean;
}

/** Settings that are in force from an entry of the log on. */
export interface SettingsFrom {
  readonly entry: number;
  readonly settings: VisitSettings;
}

/** A checkpoint in memory, and the tracker that is made of it. */
export class TrackerLife {
  private readonly fields = new Map<string, { readonly field: Uint8Array; readonly bytes: Uint8Array }>();
  private readonly slices = new Map<string, Uint8Array[]>();
  private saved: { readonly entry: number; readonly state: Uint8Array };
  private entry = 0;
  private tracker: VisitTracker;

  constructor(
    private readonly schema: StreamSchema,
    private readonly log: PartitionLog,
    private readonly history: readonly SettingsFrom[],
    readonly said: SaidLog,
    start: { readonly entry: number; readonly sinceMs: number } = { entry: 0, sinceMs: -Infinity },
  ) {
    const settings = this.settingsAt(start.entry);
    this.entry = start.entry;
    const position: BatchPosition = log.before(start.entry);
    const next = log.rawFrom(start.entry);
    this.tracker = VisitTracker.create(this.optionsUnder(settings), { next, before: position, sinceMs: start.sinceMs });
    this.saved = { entry: start.entry, state: this.tracker.takeDeltas().state };
  }

  /** Works through the whole log in steps, as often as it has to begin anew. */
  run(steps: readonly LifeStep[]): VisitTracker {
    for (const step of steps) this.step(step);
    while (this.entry < this.log.entries.length) this.step({ entries: 1_000, end: 'done', restart: false });
    return this.tracker;
  }

  get size(): { readonly fields: number; readonly slices: number } {
    return { fields: this.fields.size, slices: this.slices.size };
  }

  private step({ entries, end, restart }: LifeStep): void {
    const change = this.history.find(({ entry }) => entry > this.entry)?.entry ?? Infinity;
    const to = Math.min(this.entry + entries, this.log.entries.length, change);
    if (to > this.entry) {
      this.tracker.apply(this.log.batch(this.entry, to));
      this.entry = to;
    }
    const reached = STEP_ENDS.indexOf(end);
    const news = this.tracker.takeNews();
    this.said.append(news);
    if (reached >= STEP_ENDS.indexOf('rows said')) {
      this.said.appendRows(news);
      this.commit(reached);
    }
    if (restart || reached < STEP_ENDS.indexOf('done') || to === change) this.begin();
  }

  private commit(reached: number): void {
    const { state, deltas, rewrites, drops, fields } = this.tracker.takeDeltas();
    if (reached < STEP_ENDS.indexOf('some puts')) return;
    const puts = reached === STEP_ENDS.indexOf('some puts') ? fields.puts.filter((_, i) => i % 2 === 0) : fields.puts;
    for (const { field, bytes } of puts) {
      this.fields.set(field.toString(), { field: field.slice(), bytes: bytes.slice() });
    }
    if (reached < STEP_ENDS.indexOf('committed')) return;
    for (const { slice, bytes } of rewrites) this.slices.set(slice, [bytes]);
    for (const { slice, bytes } of deltas) this.slices.set(slice, [...(this.slices.get(slice) ?? []), bytes]);
    for (const slice of drops) this.slices.delete(slice);
    this.saved = { entry: this.entry, state };
    if (reached < STEP_ENDS.indexOf('done')) return;
    for (const field of fields.drops) this.fields.delete(field.toString());
  }

  private begin(): void {
    this.entry = this.saved.entry;
    const settings = this.settingsAt(this.entry);
    const known = VisitTracker.settingsOf(this.saved.state);
    const earlier = {
      sessions: known.sessions === (settings.sessions?.identity ?? '') ? null : this.find(known.sessions).sessions,
      attribution:
        known.attribution === (settings.attribution?.identity ?? '') ? null : this.find(known.attribution).attribution,
    };
    const deltas = [...this.slices].flatMap(([slice, list]) => list.map((bytes) => ({ slice, bytes })));
    const next = this.log.rawFrom(this.entry);
    this.tracker = VisitTracker.restore(this.optionsUnder(settings), earlier, {
      ...{ next, state: this.saved.state, deltas },
      fields: this.fields.values(),
    });
  }

  private find(identity: string): VisitSettings {
    const found = this.history.find(({ settings: { sessions, attribution } }) => {
      return sessions?.identity === identity || attribution?.identity === identity;
    });
    return found?.settings ?? { sessions: null, attribution: null };
  }

  private settingsAt(entry: number): VisitSettings {
    return (this.history.findLast((one) => one.entry <= entry) as SettingsFrom).settings;
  }

  private optionsUnder(settings: VisitSettings) {
    return { ...settings, schema: this.schema, partition: 0, tails: this.said.tails };
  }
}
