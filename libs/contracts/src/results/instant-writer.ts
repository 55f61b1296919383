import type { ByteWriter } from '../bytes/byte-writer';
import { isoInstant } from './instant';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const TIME_LENGTH = 'T00:00:00.000Z'.length;

/** Writes instants as `isoInstant` does. Most of them are of the day of the one before, whose date is known. */
export class InstantWriter {
  private day = NaN;
  private date = '';

  /** With quotes around it. */
  write(writer: ByteWriter, epochMs: number): void {
    const day = Math.floor(epochMs / DAY_MS);
    if (day !== this.day) {
      this.day = day;
      this.date = `"${isoInstant(epochMs).slice(0, -TIME_LENGTH)}T`;
    }
    const time = epochMs - day * DAY_MS;
    writer.ascii(this.date);
    writer.digits(Math.floor(time / HOUR_MS), 2);
    writer.ascii(':');
    writer.digits(Math.floor(time / MINUTE_MS) % 60, 2);
    writer.ascii(':');
    writer.digits(Math.floor(time / SECOND_MS) % 60, 2);
    writer.ascii('.');
    writer.digits(time % SECOND_MS, 3);
    writer.ascii('Z"');
  }
}
