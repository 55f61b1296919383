import type { EventBatch } from '../batch/event-batch';
import type { StreamSchema } from '../stream/schema';
import { fieldByName } from '../stream/fields';
import type { SessionsDefinition } from './definition';
import { FieldTexts } from './field-texts';
import type { TextTable } from './text-table';
import { NO_TEXT } from './text-table';

/** What divides the events of a user: the first field of `by` that an event has, unless that is the one its key is from. */
export class VisitParts {
  private readonly fields: readonly { readonly key: number; readonly texts: FieldTexts }[];

  constructor(schema: StreamSchema, { by }: SessionsDefinition, table: TextTable) {
    this.fields = by.map((name) => {
      const field = fieldByName(schema, name);
      if (field === null) throw new RangeError(`field ${name} of the sessions is not declared`);
      // It says whose events these are, and is never cut.
      return { key: schema.key.indexOf(name), texts: new FieldTexts(schema, field, table, Infinity) };
    });
  }

  begin(batch: EventBatch): void {
    for (const { texts } of this.fields) texts.begin(batch);
  }

  /** To be called when the table of texts has been cleared. */
  forgetTexts(): void {
    for (const { texts } of this.fields) texts.forgetIds();
  }

  get areDivided(): boolean {
    return this.fields.length > 0;
  }

  /** Id of the text that divides a row whose key is from field `keyField` of the stream's key; NO_TEXT: it is not divided. */
  partOf(row: number, keyField: number): number {
    for (const { key, texts } of this.fields) {
      const text = texts.at(row);
      if (text !== NO_TEXT) return key === keyField ? NO_TEXT : text;
    }
    return NO_TEXT;
  }
}
