import type { BatchPosition, EnrichResult, EventBatch, RawRecord, StreamSchema } from '@tillstream/core';
import { RawEnricher } from '@tillstream/core';
import type { StreamDefinition } from '@tillstream/contracts';
import type { DefinitionHistory } from '../definitions/definition-history';
import { definitionInForce } from '../definitions/definition-in-force';
import type { AddedFields } from './added-columns';
import { withAddedFields } from './added-columns';

export interface EnricherInForceOptions {
  /** Whose fields the batches have. */
  readonly definition: StreamDefinition;
  /** Rows are read under the stream file that was in force where they stand; null: all under `definition`. */
  readonly history: DefinitionHistory | null;
  readonly partition: number;
  readonly next: number;
  readonly position: BatchPosition;
}

/**
 * Makes batches of raw records as services made them: which rows are events, how far ahead of their arrival they may be, and
 * so what moves the watermark, was decided by the stream file that was in force where they stand. Fields that came later
 * are read too: whoever computes a metric of theirs for rows from before wants to know them, and where a value could not
 * have been taken it is null.
 */
export class EnricherInForce {
  private current: StreamDefinition;
  private enricher: RawEnricher;
  private added: AddedFields | null;

  /** @throws StopPartitionError when nobody has kept what is in force */
  constructor(private readonly options: EnricherInForceOptions) {
    const { definition, history, partition, next, position } = options;
    this.current = history ? this.inForce(history, position.definition) : definition;
    const { schema, sha256 } = this.current;
    this.enricher = new RawEnricher({ schema, partition, next, position, ...(history && { definition: sha256 }) });
    this.added = this.addedFields();
  }

  /** First raw offset that no batch covers yet. */
  get next(): number {
    return this.enricher.next;
  }

  /** What the newest batch was read under. */
  get schema(): StreamSchema {
    return this.current.schema;
  }

  /** As `RawEnricher.remember`. */
  remember(batch: EventBatch): void {
    this.enricher.remember(batch);
  }

  /** As `RawEnricher.apply`, also behind a record that puts another definition in force. @throws StopPartitionError */
  apply(records: readonly RawRecord[]): EnrichResult & { readonly consumed: number } {
    const { history } = this.options;
    if (history && this.enricher.isSuperseded) {
      this.current = this.inForce(history, this.enricher.position.definition);
      this.enricher = this.enricher.under(this.current.schema, this.current.sha256);
      this.added = this.addedFields();
    }
    const result = this.enricher.apply(records);
    if (!this.added) return result;
    const taken = records.slice(0, result.consumed).filter(({ offset }) => offset >= result.batch.rawFrom);
    return { ...result, batch: withAddedFields(this.added, result.batch, taken) };
  }

  private addedFields(): AddedFields | null {
    const { schema: newest } = this.options.definition;
    const { schema: inForce } = this.current;
    const known = new Set(inForce.fields.map(({ name }) => name));
    const fields = newest.fields.filter(({ name }) => !known.has(name));
    return fields.length === 0 ? null : { newest, inForce, fields };
  }

  private inForce(history: DefinitionHistory, sha256: string): StreamDefinition {
    const { definition, partition } = this.options;
    const name = `${definition.schema.stream}:${partition}`;
    return definitionInForce(history, sha256, name, definition.topics);
  }
}
