import type { RecordTable } from '../batch/event-batch';
import { copiedTo } from '../windowing/grow';

const INITIAL_RECORDS = 64;

/** Collects what a batch says of each raw record; the memory is used again for the next batch. */
export class RecordLog {
  count = 0;
  private offsets = new Float64Array(INITIAL_RECORDS);
  private appendMs = new Float64Array(INITIAL_RECORDS);
  private inputAfterMs = new Float64Array(INITIAL_RECORDS);
  private rowCounts = new Uint32Array(INITIAL_RECORDS);
  private validCounts = new Uint32Array(INITIAL_RECORDS);
  private idCounts = new Uint32Array(INITIAL_RECORDS);

  add(offset: number, appendMs: number, inputAfterMs: number, rows: number, valid: number, ids: number): void {
    if (this.count === this.offsets.length) this.grow();
    const at = this.count++;
    this.offsets[at] = offset;
    this.appendMs[at] = appendMs;
    this.inputAfterMs[at] = inputAfterMs;
    this.rowCounts[at] = rows;
    this.validCounts[at] = valid;
    this.idCounts[at] = ids;
  }

  /** What was collected, as copies; empty afterwards. */
  finish(): { records: RecordTable; validCounts: Uint32Array; idCounts: Uint32Array } {
    const { count } = this;
    this.count = 0;
    return {
      records: {
        count,
        offsets: this.offsets.slice(0, count),
        rowCounts: this.rowCounts.slice(0, count),
        appendMs: this.appendMs.slice(0, count),
        inputAfterMs: this.inputAfterMs.slice(0, count),
      },
      validCounts: this.validCounts.slice(0, count),
      idCounts: this.idCounts.slice(0, count),
    };
  }

  private grow(): void {
    const size = 2 * this.offsets.length;
    this.offsets = copiedTo(new Float64Array(size), this.offsets);
    this.appendMs = copiedTo(new Float64Array(size), this.appendMs);
    this.inputAfterMs = copiedTo(new Float64Array(size), this.inputAfterMs);
    this.rowCounts = copiedTo(new Uint32Array(size), this.rowCounts);
    this.validCounts = copiedTo(new Uint32Array(size), this.validCounts);
    this.idCounts = copiedTo(new Uint32Array(size), this.idCounts);
  }
}
