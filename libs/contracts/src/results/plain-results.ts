import { isUtf8 } from 'node:buffer';
import type { MetricDefinition } from '@tillstream/core';
import { isSession } from '@tillstream/core';
import { PlainValues } from './plain-values';
import { keyBegin, valueBegin } from './result-records';

/** UTF-8 text: bytes[from, to). */
export interface TextBytes {
  readonly bytes: Uint8Array;
  readonly from: number;
  readonly to: number;
}

/** What a plain result says. Its texts stand in a buffer that the next `read` overwrites. */
export interface PlainResult {
  readonly identity: string;
  readonly startMs: number;
  readonly final: boolean;
  readonly revision: number;
  /** JSON array of the group's values in the order of groupBy, as JSON.stringify writes it. */
  readonly group: TextBytes;
  /** JSON array of the measures' values in declared order, as JSON.stringify writes it. */
  readonly measures: TextBytes;
}

/** A window about which results have come. */
export interface ExpectedWindow {
  readonly identity: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly final: boolean;
}

/** The bytes that the results of one window have in common. */
interface Common extends ExpectedWindow {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
  readonly groupLabels: readonly Uint8Array[];
  readonly measureLabels: readonly Uint8Array[];
  readonly tail: Uint8Array;
}

/** So many windows are remembered: more than take turns in what an aggregator appends. */
const MOST_WINDOWS = 64;
const BRACE = 0x7d;

/**
 * Reads results in the form in which `encodeResults` writes them, straight from their bytes: what is the same in every
 * result of a window is compared, and the values are copied. Nothing is parsed, which makes a result cost a tenth.
 *
 * Law: what is read here, `decodeMetricsRecord` reads too, and says the same. Anything that is not exactly of that form (an
 * escape in a text, a truncated or retracted result, fields of a later version, a window nobody has told of) is left to it.
 */
export class PlainResults {
  /** The newest first: results of one window come in a row. */
  private readonly windows: Common[] = [];
  private readonly metrics: ReadonlyMap<string, MetricDefinition>;
  private readonly values = new PlainValues();

  constructor(metrics: readonly MetricDefinition[]) {
    this.metrics = new Map(metrics.map((metric) => [metric.identity, metric]));
  }

  /** What a record says; null: ask `decodeMetricsRecord`. */
  read(key: Uint8Array, value: Uint8Array): PlainResult | null {
    const window = this.windowOf(key);
    if (window === null) return null;
    const { values } = this;
    values.begin(value);
    if (!values.skip(window.value)) return null;
    const groupFrom = values.at;
    if (!values.copyFields(window.groupLabels, false)) return null;
    const groupTo = values.written;
    if (!endsWith(key, window.key.length, value, groupFrom, values.at)) return null;
    if (!values.copyFields(window.measureLabels, true)) return null;
    const revision = values.skip(window.tail) ? values.digits() : -1;
    if (revision < 0 || values.at !== value.length - 1 || value[values.at] !== BRACE) return null;
    if (!values.isAscii && !isUtf8(value)) return null;
    const { bytes, written } = values;
    return {
      identity: window.identity,
      startMs: window.startMs,
      final: window.final,
      revision,
      group: { bytes, from: 0, to: groupTo },
      measures: { bytes, from: groupTo, to: written },
    };
  }

  /** Says that more results of a window may come. Of a metric that is not known it changes nothing. */
  expect({ identity, startMs, endMs, final }: ExpectedWindow): void {
    const metric = this.metrics.get(identity);
    // Of sessions no two have a window in common.
    if (metric === undefined || isSession(metric.window)) return;
    const at = this.windows.findIndex(
      (known) => known.startMs === startMs && known.final === final && known.identity === identity,
    );
    if (this.windows[at]?.endMs === endMs) return;
    if (at >= 0) this.windows.splice(at, 1);
    const window = { metric, startMs, endMs };
    this.windows.unshift({
      identity,
      startMs,
      endMs,
      final,
      key: Buffer.from(keyBegin(window, final), 'latin1'),
      value: Buffer.from(valueBegin(window), 'latin1'),
      groupLabels: labels(metric.groupBy, '{'),
      measureLabels: labels(
        metric.measures.map(({ name }) => name),
        ',"measures":{',
      ),
      tail: Buffer.from(`,"final":${final},"revision":`, 'latin1'),
    });
    if (this.windows.length > MOST_WINDOWS) this.windows.pop();
  }

  private windowOf(key: Uint8Array): Common | null {
    const { windows } = this;
    for (let i = 0; i < windows.length; i++) {
      const window = windows[i] as Common;
      if (!beginsWith(key, window.key)) continue;
      if (i > 0) {
        windows.copyWithin(1, 0, i);
        windows[0] = window;
      }
      return window;
    }
    return null;
  }
}

/** What stands before each value, and behind the last one. */
function labels(names: readonly string[], open: string): readonly Uint8Array[] {
  const before = names.map((name, i) => `${i === 0 ? open : ','}${JSON.stringify(name)}:`);
  const texts = names.length === 0 ? [`${open}}`] : [...before, '}'];
  return texts.map((text) => Buffer.from(text));
}

/** Compared from behind: keys of a metric differ in their last digits. */
function beginsWith(bytes: Uint8Array, begin: Uint8Array): boolean {
  if (bytes.length < begin.length) return false;
  for (let i = begin.length - 1; i >= 0; i--) if (bytes[i] !== begin[i]) return false;
  return true;
}

/** Whether key[at, …) is value[from, to). */
function endsWith(key: Uint8Array, at: number, value: Uint8Array, from: number, to: number): boolean {
  if (key.length - at !== to - from) return false;
  for (let i = from, j = at; i < to; i++, j++) if (key[j] !== value[i]) return false;
  return true;
}
