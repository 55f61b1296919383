import { decodeAlertRecord, type AlertEvent, type StreamDefinition } from '@tillstream/contracts';
import type { LogReader } from '@tillstream/engine';

/** An alert with what has become of it. */
export interface KnownAlert {
  readonly opened: AlertEvent;
  /** Null: no window has resolved it. */
  readonly resolved: AlertEvent | null;
}

const MOST_ALERTS = 100_000;
/** Forgetting comes in steps, not with every record. */
const SPARE_SHARE = 0.1;
/** What is known to exist is there at once. */
const READ_WAIT_MS = 1_000;

/**
 * The alerts of one stream as its alerts topic tells them, read on each time that it is asked for them: few come, and fewer ask.
 */
export class AlertBook {
  private readonly byId = new Map<string, KnownAlert>();
  private sorted: KnownAlert[] | null = null;
  private next = 0;
  private reading: Promise<void> = Promise.resolve();

  constructor(
    private readonly log: LogReader,
    private readonly definition: StreamDefinition,
    /** About so many are held; the ones that were opened first are forgotten. */
    private readonly mostAlerts = MOST_ALERTS,
  ) {}

  /**
   * All alerts as they stand in the log now, by the window that opened them, the newest first, then by id. Where nobody waits
   * for them any more, those that have been read so far: who asks next reads on there.
   */
  async alerts(cancelled: AbortSignal): Promise<readonly KnownAlert[]> {
    const reading = this.reading.then(() => this.readOn(cancelled));
    this.reading = reading.catch(() => undefined); // who asked has been told
    await reading;
    this.sorted ??= [...this.byId.values()].sort(byOpening);
    return this.sorted;
  }

  private async readOn(cancelled: AbortSignal): Promise<void> {
    if (cancelled.aborted) return;
    const { alerts: topic } = this.definition.topics;
    const end = await this.log.end(topic, 0);
    if (end < this.next) this.beginAnew(); // it is another log
    this.next = Math.max(this.next, await this.log.begin(topic, 0));
    while (this.next < end && !cancelled.aborted) {
      const records = await this.log.read(topic, 0, this.next, READ_WAIT_MS);
      for (const record of records) this.take(decodeAlertRecord(record));
      this.next = (records.at(-1)?.offset ?? end - 1) + 1;
      this.makeRoom();
    }
  }

  private take(record: ReturnType<typeof decodeAlertRecord>): void {
    if (record.kind === 'unknown' || record.kind === 'decided') return;
    const known = this.byId.get(record.id);
    // Without the record that opened it, what resolved it is all that is known of when that was.
    const opened = record.kind === 'opened' ? record : (known?.opened ?? record);
    const resolved = record.kind === 'resolved' ? record : (known?.resolved ?? null);
    this.byId.set(record.id, { opened, resolved });
    this.sorted = null;
  }

  private makeRoom(): void {
    if (this.byId.size <= this.mostAlerts * (1 + SPARE_SHARE)) return;
    const newest = [...this.byId.values()].sort(byOpening).slice(0, this.mostAlerts);
    this.byId.clear();
    for (const alert of newest) this.byId.set(alert.opened.id, alert);
    this.sorted = newest;
  }

  private beginAnew(): void {
    this.byId.clear();
    this.sorted = null;
    this.next = 0;
  }
}

function byOpening({ opened: a }: KnownAlert, { opened: b }: KnownAlert): number {
  return b.openedMs - a.openedMs || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
}
