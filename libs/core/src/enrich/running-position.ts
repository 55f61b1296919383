import type { BatchPosition } from '../batch/event-batch';

import type { RawControl, Rerouted } from './types';

const MAX_EVENT_TIME = 0;
const WATERMARK_INPUT = 1;
const MAX_APPEND = 2;

/** What stands at the place of a raw partition that has been reached: it moves on record by record. */
export class RunningPosition {
  rowsSeen: number;
  definition: string;
  private readonly times = new Float64Array(3);
  private held: boolean;
  private catalogOffset: number;
  private reroutedThrough: ReadonlyMap<number, number>;

  constructor(position: BatchPosition) {
    this.times[MAX_EVENT_TIME] = position.maxEventTimeMs;
    this.times[WATERMARK_INPUT] = position.watermarkInputMs;
    this.times[MAX_APPEND] = position.maxAppendMs;
    this.held = position.held;
    this.rowsSeen = position.rowsSeen;
    this.definition = position.definition;
    this.catalogOffset = position.catalogOffset;
    this.reroutedThrough = position.reroutedThrough;
  }

  get watermarkInputMs(): number {
    return this.times[WATERMARK_INPUT] as number;
  }

  /** Comes to a record that was appended at `appendMs`. Returns the newest append time so far. */
  beginRecord(appendMs: number): number {
    const { times } = this;
    return (times[MAX_APPEND] = Math.max(times[MAX_APPEND] as number, appendMs));
  }

  obey(control: RawControl, appendMs: number): void {
    const { times } = this;
    switch (control.kind) {
      case 'advance':
        times[WATERMARK_INPUT] = Math.max(times[WATERMARK_INPUT] as number, Math.min(control.toMs, appendMs));
        break;
      case 'hold':
        this.held = true;
        break;
      case 'release':
        this.held = false;
        break;
      case 'definition':
        this.definition = control.sha256;
        break;
      case 'catalog':
        this.catalogOffset = control.offset;
        break;
      case 'other':
        break;
    }
  }

  /** Moves the times at the end of a record whose newest accepted row is of `maxEventMs`. */
  advance(maxEventMs: number, appendMs: number): void {
    const { times } = this;
    times[MAX_EVENT_TIME] = Math.max(times[MAX_EVENT_TIME] as number, maxEventMs);
    times[WATERMARK_INPUT] = Math.max(times[WATERMARK_INPUT] as number, Math.min(maxEventMs, appendMs));
  }

  /** First raw offset of another partition whose rows have not been re-routed here. */
  reroutedFrom(sourcePartition: number): number {
    return this.reroutedThrough.get(sourcePartition) ?? 0;
  }

  noteRerouted({ sourcePartition, sourceNext }: Rerouted): void {
    const through = Math.max(this.reroutedFrom(sourcePartition), sourceNext);
    this.reroutedThrough = new Map(this.reroutedThrough).set(sourcePartition, through);
  }

  snapshot(): BatchPosition {
    const { times, held, rowsSeen, definition, catalogOffset, reroutedThrough } = this;
    return {
      maxEventTimeMs: times[MAX_EVENT_TIME] as number,
      watermarkInputMs: times[WATERMARK_INPUT] as number,
      maxAppendMs: times[MAX_APPEND] as number,
      held,
      rowsSeen,
      definition,
      catalogOffset,
      reroutedThrough,
    };
  }
}
