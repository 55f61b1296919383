import type { EventBatch } from '../batch/event-batch';
import type { Expression } from '../expression/ast';
import { ConditionSet } from '../metrics/plan/condition-set';
import { BatchView } from '../metrics/slices/batch-view';
import { multiplyExactly } from '../money/money';
import { fieldByName } from '../stream/fields';
import type { Field, StreamSchema } from '../stream/schema';
import { grownBytes } from '../windowing/grow';
import type { SessionsDefinition } from './definition';
import { FieldTexts } from './field-texts';
import { MAX_TEXT_BYTES } from './session';
import type { SessionRow } from './session-row';
import { anEmptyRow } from './session-row';
import type { TextTable } from './text-table';
import { CART, PAGE_VIEW, PURCHASE, REMOVAL } from './user-state';

const NONE = new Float64Array(0);

/** Reads the rows of a batch as sessions take them. Conditions are evaluated once a batch. */
export class SessionRows {
  times: Float64Array = NONE;
  /** By row: PAGE_VIEW, CART, REMOVAL and PURCHASE, as far as it is one. */
  kinds = new Uint8Array(0);
  /** Type, product, category, device, location, and client's session. */
  readonly texts: readonly FieldTexts[];
  private readonly view: BatchView;
  private readonly conditions: readonly { readonly condition: number; readonly kind: number }[];
  private readonly amounts: readonly (Field | null)[];
  private prices: Float64Array | null = null;
  private quantities: Float64Array | null = null;
  private revenues: Float64Array | null = null;
  private readonly current = anEmptyRow();

  /** @throws RangeError for fields that the schema does not declare */
  constructor(schema: StreamSchema, sessions: SessionsDefinition, table: TextTable) {
    const conditions = new ConditionSet();
    const { pageView, cart, removal, purchase } = sessions;
    this.conditions = (
      [
        [pageView, PAGE_VIEW],
        [cart, CART],
        [removal, REMOVAL],
        [purchase, PURCHASE],
      ] satisfies [Expression | null, number][]
    ).flatMap(([expression, kind]) => (expression === null ? [] : { condition: conditions.add(expression), kind }));
    this.view = new BatchView(schema, conditions.conditions);
    const fieldOf = (name: string | null): Field | null => {
      const field = name === null ? null : fieldByName(schema, name);
      if (name !== null && field === null) throw new RangeError(`field ${name} of the sessions is not declared`);
      return field;
    };
    const { type, product, category, device, location, also } = sessions;
    this.texts = [type, product, category, device, location, also].map((name) => {
      return new FieldTexts(schema, fieldOf(name), table, MAX_TEXT_BYTES);
    });
    this.amounts = [sessions.price, sessions.quantity, sessions.revenue].map(fieldOf);
  }

  begin(batch: EventBatch): void {
    const { view } = this;
    view.begin(batch);
    this.times = view.times;
    for (const texts of this.texts) texts.begin(batch);
    const [price, quantity, revenue] = this.amounts.map((field) => {
      return field && batch.columns.has(field.number) ? view.numbers(field.number) : null;
    });
    this.prices = price ?? null;
    this.quantities = quantity ?? null;
    this.revenues = revenue ?? null;
    this.kinds = grownBytes(this.kinds, batch.rows);
    const { kinds } = this;
    kinds.fill(0, 0, batch.rows);
    for (const { condition, kind } of this.conditions) {
      const mask = view.mask(condition) as Uint8Array;
      for (let row = 0; row < batch.rows; row++) if (mask[row] === 1) kinds[row] = (kinds[row] as number) | kind;
    }
  }

  get batch(): EventBatch {
    return this.view.batch;
  }

  /** To be called when the table of texts has been cleared. */
  forgetTexts(): void {
    for (const texts of this.texts) texts.forgetIds();
  }

  /** What a row says, in an object that the next call overwrites. */
  read(row: number): SessionRow {
    const { current } = this;
    current.timeMs = this.times[row] as number;
    current.kinds = this.kinds[row] as number;
    current.isCut = false;
    current.type = this.text(0, row);
    current.product = this.text(1, row);
    current.category = this.text(2, row);
    current.device = this.text(3, row);
    current.location = this.text(4, row);
    current.client = this.text(5, row);
    current.value = this.value(row);
    current.revenue = this.revenue(row);
    return current;
  }

  /** What a row puts into the cart is worth; NaN: it puts nothing there, or has no price. Who does not say how many puts one there. */
  value(row: number): number {
    if (((this.kinds[row] as number) & CART) === 0 || this.prices === null) return NaN;
    const quantity = this.quantities === null ? NaN : (this.quantities[row] as number);
    return multiplyExactly(this.prices[row] as number, Number.isNaN(quantity) ? 1 : quantity);
  }

  /** Of a purchase; else NaN. */
  revenue(row: number): number {
    return ((this.kinds[row] as number) & PURCHASE) === 0 || this.revenues === null
      ? NaN
      : (this.revenues[row] as number);
  }

  private text(index: number, row: number): number {
    const id = (this.texts[index] as FieldTexts).at(row);
    if (id >= 0) return id;
    this.current.isCut = true;
    return -id;
  }
}
