import type { EventBatch } from '../batch/event-batch';
import type { Expression } from '../expression/ast';
import { ConditionSet } from '../metrics/plan/condition-set';
import { BatchView } from '../metrics/slices/batch-view';
import { multiplyExactly } from '../money/money';
import { fieldByName } from '../stream/fields';
import type { StreamSchema } from '../stream/schema';
import type { SessionsDefinition } from './definition';
import { FieldTexts } from './field-texts';
import { MAX_TEXT_BYTES } from './session';
import type { SessionRow } from './session-row';
import type { TextTable } from './text-table';
import { NO_TEXT } from './text-table';

const NEVER = -2;
const NO_MASK = new Uint8Array(0);
const NONE = new Float64Array(0);

/** Reads the rows of a batch as sessions take them. Conditions are evaluated once a batch, dictionaries looked up once an entry. */
export class SessionRows {
  times: Float64Array = NONE;
  private readonly view: BatchView;
  private readonly conditions: readonly number[];
  private masks: (Uint8Array | null)[] = [];
  private readonly texts: readonly BoundTexts[];
  private readonly amounts: readonly (number | null)[];
  private values: (Float64Array | null)[] = [];
  private readonly current: SessionRow = {
    ...{ timeMs: NaN, isPageView: false, isCart: false, isRemoval: false, isPurchase: false },
    ...{ type: NO_TEXT, product: NO_TEXT, category: NO_TEXT, device: NO_TEXT, location: NO_TEXT, client: NO_TEXT },
    ...{ value: NaN, revenue: NaN, isCut: false },
  };

  constructor(schema: StreamSchema, sessions: SessionsDefinition, table: TextTable) {
    const conditions = new ConditionSet();
    const conditionOf = (expression: Expression | null): number =>
      expression === null ? NEVER : conditions.add(expression);
    this.conditions = [sessions.pageView, sessions.cart, sessions.removal, sessions.purchase].map(conditionOf);
    this.view = new BatchView(schema, conditions.conditions);
    const numberOf = (name: string | null): number | null => {
      if (name === null) return null;
      const field = fieldByName(schema, name);
      if (field === null) throw new RangeError(`field ${name} of the sessions is not declared`);
      return field.number;
    };
    const { type, product, category, device, location, also } = sessions;
    this.texts = [type, product, category, device, location, also].map((name) => {
      return { field: numberOf(name), texts: new FieldTexts(table, MAX_TEXT_BYTES) };
    });
    this.amounts = [sessions.price, sessions.quantity, sessions.revenue].map(numberOf);
  }

  begin(batch: EventBatch): void {
    const { view } = this;
    view.begin(batch);
    this.times = view.times;
    this.masks = this.conditions.map((condition) => (condition === NEVER ? NO_MASK : view.mask(condition)));
    for (const { field, texts } of this.texts) texts.begin(field === null ? null : (batch.columns.get(field) ?? null));
    this.values = this.amounts.map((field) => {
      return field === null || !batch.columns.has(field) ? null : view.numbers(field);
    });
  }

  get batch(): EventBatch {
    return this.view.batch;
  }

  /** To be called when the table of texts has been cleared. */
  forgetTexts(): void {
    for (const { texts } of this.texts) texts.forgetIds();
  }

  /** What a row says, in an object that the next call overwrites. */
  read(row: number): SessionRow {
    const { current } = this;
    current.timeMs = this.times[row] as number;
    current.isPageView = this.holds(0, row);
    current.isCart = this.holds(1, row);
    current.isRemoval = this.holds(2, row);
    current.isPurchase = this.holds(3, row);
    current.isCut = false;
    current.type = this.text(0, row);
    current.product = this.text(1, row);
    current.category = this.text(2, row);
    current.device = this.text(3, row);
    current.location = this.text(4, row);
    current.client = this.text(5, row);
    current.value = current.isCart ? this.lineValue(row) : NaN;
    current.revenue = current.isPurchase ? this.amount(2, row) : NaN;
    return current;
  }

  private holds(condition: number, row: number): boolean {
    const mask = this.masks[condition];
    return mask === null || mask?.[row] === 1;
  }

  private text(index: number, row: number): number {
    const id = (this.texts[index] as BoundTexts).texts.at(row);
    if (id >= 0) return id;
    this.current.isCut = true;
    return -id;
  }

  private amount(index: number, row: number): number {
    const values = this.values[index];
    return values ? (values[row] as number) : NaN;
  }

  /** Who does not say how many puts one there. */
  private lineValue(row: number): number {
    const quantity = this.amount(1, row);
    return multiplyExactly(this.amount(0, row), Number.isNaN(quantity) ? 1 : quantity);
  }
}

interface BoundTexts {
  readonly field: number | null;
  readonly texts: FieldTexts;
}
