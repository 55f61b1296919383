import type { RecordReader } from '../json/record-reader';
import type { RowReader } from '../json/row-reader';

import { RejectMessages, brokenAt } from './reject-message';
import type { DeadLetter, EnrichResult, RawRecord, RejectCode } from './types';

/** Collects the rows and records that can never be processed, each with its reason. */
export class DeadLetterLog {
  private letters: DeadLetter[] = [];
  private recordLetters = 0;
  private appendMs = 0;
  private readonly messages: RejectMessages;

  constructor(
    private readonly reader: RecordReader,
    private readonly rows: RowReader,
  ) {
    this.messages = new RejectMessages(rows.schema);
  }

  beginRecord({ appendMs }: Pick<RawRecord, 'appendMs'>): void {
    this.recordLetters = this.letters.length;
    this.appendMs = appendMs;
  }

  /** Keeps the current row of the record at `rawOffset`; `slot` is what `code` is about. */
  addRow(rawOffset: number, code: RejectCode, slot: number): void {
    const { reader, messages } = this;
    this.letters.push({
      rawOffset,
      index: reader.index,
      appendMs: this.appendMs,
      code,
      path: messages.path(slot),
      message: code === 'malformed-json' ? brokenAt(reader.failedAt, messages) : messages.message(code, slot),
      bytes: this.rows.cursor.bytes.slice(reader.rowStart, reader.rowEnd),
    });
  }

  /** Keeps the current record as a whole, instead of rows of it. */
  addRecord({ offset, value, appendMs }: RawRecord, code: RejectCode): void {
    const { reader, messages } = this;
    const isBroken = code === 'malformed-json' && value !== null && value.length > 0;
    this.letters.length = this.recordLetters;
    this.letters.push({
      rawOffset: offset,
      index: -1,
      appendMs,
      code,
      path: '$',
      message: isBroken ? brokenAt(reader.failedAt, messages) : messages.message(code, -1),
      bytes: value?.slice() ?? new Uint8Array(0),
    });
  }

  /** What was collected, and how much of it for each reason; empty afterwards. */
  finish(): { deadLetters: DeadLetter[]; rejected: EnrichResult['counts']['rejected'] } {
    const { letters } = this;
    const rejected: Partial<Record<RejectCode, number>> = {};
    for (const { code } of letters) rejected[code] = (rejected[code] ?? 0) + 1;
    this.letters = [];
    return { deadLetters: letters, rejected };
  }
}
