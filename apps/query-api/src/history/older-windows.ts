import type { StoredFinal } from '@tillstream/adapter-lake';
import {
  decodeMetricsRecord,
  type MetricsRecord,
  type ResultValue,
  type WindowResultMessage,
} from '@tillstream/contracts';
import { isSession, isTotal } from '@tillstream/core';
import { SinkRefusedError, SinkUnavailableError } from '@tillstream/engine';
import { finalIn, windowsOfView, type EarlierWindows } from '../results/comparisons';
import type { MetricCodec } from '../results/metric-codec';
import type { ServedStream } from '../results/served-stream';
import type { RowRef } from '../view/row-query';
import type { Histories, WindowHistory } from './window-history';

/** Of sessions, which may miss rows far from their start. */
const SESSION_SPAN_MS = 24 * 60 * 60 * 1000;

/** A row of an answer, beside which what is older has still to be put. */
export interface AnsweredRow {
  readonly startMs: number;
  /** The group's text as the view has it. */
  readonly group: string;
  /** One a measure. */
  readonly values: readonly ResultValue[];
  readonly message: WindowResultMessage;
}

/**
 * What is stored of a metric's windows, beside what the view has. The view says from which window on it has everything (the seam)
 * and which records it no longer has: where the lake has these, both together are all that was ever told.
 */
export class OlderWindows {
  private constructor(
    private readonly stream: ServedStream,
    private readonly codec: MetricCodec,
    /** Windows that start before may lack results in the view. */
    readonly seamMs: number,
    readonly history: WindowHistory | null,
    /** Why there is no history. */
    private readonly trouble: string,
  ) {}

  /** @param fromMs start of the first window that is asked for */
  static async open(
    stream: ServedStream,
    codec: MetricCodec,
    fromMs: number,
    histories: Histories,
  ): Promise<OlderWindows> {
    const seamMs = seamOf(stream, codec);
    const opened = (history: WindowHistory | null, trouble: string): OlderWindows =>
      new OlderWindows(stream, codec, seamMs, history, trouble);
    // What is compared with windows that are asked for may be older than they are.
    if (fromMs - Math.max(0, ...codec.lagsMs) >= seamMs) return opened(null, '');
    try {
      const history = histories.windows(stream.name);
      if (history === null) return opened(null, `the lake of ${stream.name} is not known here`);
      return opened(await history, '');
    } catch (error) {
      if (error instanceof SinkUnavailableError || error instanceof SinkRefusedError)
        return opened(null, error.message);
      throw error;
    }
  }

  /** The view has lost more since: what was read may be too little. */
  get isOvertaken(): boolean {
    return seamOf(this.stream, this.codec) !== this.seamMs;
  }

  /** Why windows from `fromMs` on may lack results; empty: nothing is known to be missing. */
  missing(fromMs: number): string {
    if (fromMs >= this.seamMs) return '';
    const seam = Number.isFinite(this.seamMs) ? new Date(this.seamMs).toISOString() : 'now';
    const may = `results of windows that start before ${seam} may be missing`;
    if (this.history === null) return `${may}: ${this.trouble}`;
    const lost = this.stream.view.lostThrough(this.codec.metric.identity);
    const behind = lost.findIndex((offset, partition) => this.history!.next(partition) <= offset);
    if (behind < 0) return '';
    const next = this.history.next(behind);
    return `${may}: the lake has partition ${behind} of the results up to ${next}, and the view from ${lost[behind]! + 1} on`;
  }

  rowOf({ window, slot }: RowRef): AnsweredRow {
    const { codec, stream } = this;
    return {
      startMs: window.startMs,
      group: window.group(slot),
      values: codec.valuesOfRow({ window, slot }),
      message: codec.toResult({ window, slot }, stream.view.metric(codec.metric.identity)),
    };
  }

  /** Null: it is of a form that this version does not know. */
  storedRow(final: StoredFinal): AnsweredRow | null {
    const result = decoded(final);
    if (result === null) return null;
    return {
      startMs: result.startMs,
      group: this.codec.groupText(result.group),
      values: this.codec.valuesOfResult(result),
      message: this.codec.toResultOf(result, 0),
    };
  }

  /** The rows as they are answered: with what came too late for their windows, and beside earlier ones, wherever these are. */
  async complete(rows: readonly AnsweredRow[]): Promise<readonly WindowResultMessage[]> {
    if (this.history === null || rows.length === 0) return rows.map(({ message }) => message);
    const { codec, stream } = this;
    const startsMs = [...new Set(rows.map(({ startMs }) => startMs))].filter((startMs) => startMs < this.seamMs);
    const [late, earlier] = await Promise.all([
      this.history.lateRows(codec.metric.identity, startsMs, this.spanMs),
      this.earlierOf(rows, this.history),
    ]);
    const view = stream.view.metric(codec.metric.identity);
    return rows.map((row) => {
      const comparisons = codec.compared(row, earlier);
      if (row.startMs >= this.seamMs) return { ...row.message, comparisons };
      const lateRows = joinedLate(view.at(row.startMs)?.lateBySource, late.get(row.startMs));
      return { ...row.message, lateRows: String(lateRows), comparisons };
    });
  }

  private get spanMs(): number {
    const { window } = this.codec.metric;
    return isSession(window) ? SESSION_SPAN_MS : window.sizeMs;
  }

  private async earlierOf(rows: readonly AnsweredRow[], history: WindowHistory): Promise<EarlierWindows> {
    const { codec, stream, seamMs } = this;
    const { identity } = codec.metric;
    const view = stream.view.metric(identity);
    const ofView = windowsOfView(view);
    const asked = rows.flatMap(({ startMs }) => codec.lagsMs.map((lagMs) => startMs - lagMs));
    const startsMs = [...new Set(asked)].filter((startMs) => startMs < seamMs && view.isTold(startMs));
    // A window of which a part is missing would make its groups look as if they had not been there.
    if (startsMs.length === 0 || this.missing(-Infinity) !== '') return ofView;
    const groups = [...new Set(rows.map(({ group }) => codec.groupJson(group)))];
    const [windows, finals] = await Promise.all([
      history.windowsAmong(identity, startsMs),
      history.at(identity, startsMs, groups),
    ]);
    const stored = new Map(
      finals.flatMap((final) => {
        const row = this.storedRow(final);
        return row === null ? [] : [[`${row.startMs} ${row.group}`, row.values] as const];
      }),
    );
    const older = new Set(startsMs);
    return {
      valuesIn: (startMs, group) => {
        if (!older.has(startMs)) return ofView.valuesIn(startMs, group);
        // Each has a part of it, and together they have all.
        const held = view.at(startMs);
        const values = stored.get(`${startMs} ${group}`) ?? (held ? finalIn(held, group) : null);
        return values === null && !windows.has(startMs) && !held?.visible ? undefined : values;
      },
    };
  }
}

/** Running totals never leave the view. */
function seamOf(stream: ServedStream, { metric }: MetricCodec): number {
  if (isTotal(metric.window)) return -Infinity;
  return stream.view.seamMs(metric.identity);
}

type Result = Extract<MetricsRecord, { kind: 'result' }>;

function decoded({ id, record }: StoredFinal): Result | null {
  const result = decodeMetricsRecord({ key: Buffer.from(id), value: Buffer.from(record) });
  return result.kind === 'result' ? result : null;
}

/** Each source's rows are counted by both, and whichever has come further knows more. */
function joinedLate(
  view: ReadonlyMap<number, number> | undefined,
  stored: ReadonlyMap<number, number> | undefined,
): number {
  let sum = 0;
  for (const source of new Set([...(view?.keys() ?? []), ...(stored?.keys() ?? [])])) {
    sum += Math.max(view?.get(source) ?? 0, stored?.get(source) ?? 0);
  }
  return sum;
}
