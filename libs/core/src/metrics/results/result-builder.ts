import type { Column } from '../../batch/event-batch';
import { compileCondition, compileFormula } from '../../expression/compile-expression';
import type { Columns, Condition, Formula } from '../../expression/columns';
import { averageMoney } from '../../money/money';
import { cardinalityOf } from '../measures/cardinality-sketch';
import type { CollectedItems } from '../measures/collected';
import { sumValue } from '../measures/exact-sum';
import { ItemValues, LISTED_NUMBER_BYTES } from '../measures/item-values';
import type { FieldKeySpace } from '../groups/key-space';
import type { CollectPart, EdgePart, MeasurePlan, MetricPlan, SumPart } from '../plan/metric-plan';
import { grownDoubles } from '../../windowing/grow';
import { sampleDeviation } from '../measures/moments';
import { percentileOf } from '../measures/quantile-sketch';
import type { KeyWriter } from '../groups/ordered-keys';
import { orderByKey } from '../groups/ordered-keys';
import type { MeasureColumn, ResultBlock } from '../output';
import type { WindowValues } from './window-values';

/** What an amount and the names around it take in what the lists of a result may take. */
const RANKED_BYTES = 2 * LISTED_NUMBER_BYTES;

/** What a block says about its window and itself. */
export interface BlockHead {
  readonly startMs: number;
  readonly endMs: number;
  readonly final: boolean;
  readonly revision: number;
}

/** Groups that were sent before, by owner: they are retracted where they no longer satisfy `having`. */
export interface SentBefore {
  has(owner: number): boolean;
  /** Called for every group of the block. */
  update(owner: number, satisfied: boolean): void;
}

/** Turns the values of a window into results: derived measures, `having`, order. */
export class ResultBuilder {
  private readonly formulas: ReadonlyMap<MeasurePlan, Formula>;
  private readonly having: Condition | null;

  constructor(private readonly plan: MetricPlan) {
    this.formulas = new Map(
      plan.measures.flatMap((measure) =>
        measure.kind === 'derived' ? [[measure, compileFormula(measure.measure.value)] as const] : [],
      ),
    );
    this.having = plan.metric.having === null ? null : compileCondition(plan.metric.having);
  }

  /** Null when no group satisfies `having` and none has to be retracted. */
  build(values: WindowValues, head: BlockHead, writeKey: KeyWriter, sent: SentBefore | null): ResultBlock | null {
    const columns = new MeasureColumns(values, this.plan, this.formulas, (head.endMs - head.startMs) / 1000);
    const held = this.having?.(columns) ?? null;
    const kept = new Int32Array(values.count);
    let count = 0;
    for (let row = 0; row < values.count; row++) {
      const satisfied = held === null || held[row] === 1;
      const owner = values.owners[row] as number;
      if (satisfied || sent?.has(owner)) kept[count++] = row;
      sent?.update(owner, satisfied);
    }
    if (count === 0) return null;
    const { rows, groups } = orderByKey(values, kept.subarray(0, count), writeKey);
    return {
      metric: this.plan.metric,
      ...head,
      groups,
      measures: this.plan.measures.map((measure) => columns.gather(measure, rows)),
      retracted: held === null ? null : flagsOf(rows, (row) => held[row] === 0),
      truncated: flagsOf(
        rows,
        (row, i) => columns.isCut(i) || isTruncated(values, row, (part) => columns.listed(part, i)),
      ),
    };
  }
}

/** Null where no row has the flag. */
function flagsOf(rows: Int32Array, has: (row: number, i: number) => boolean): Uint8Array | null {
  let flags: Uint8Array | null = null;
  for (let i = 0; i < rows.length; i++) {
    if (!has(rows[i] as number, i)) continue;
    flags ??= new Uint8Array(rows.length);
    flags[i] = 1;
  }
  return flags;
}

/** Did a bounded measure leave values out: a list at one of its bounds, a text that was cut, a sum beyond what is exact? */
function isTruncated({ numbers, plan }: WindowValues, row: number, listed: (part: CollectPart) => number): boolean {
  const from = row * plan.windowWidth;
  for (const part of plan.collects) if ((numbers[from + part.at] as number) > listed(part)) return true;
  for (const edge of plan.edges) if (numbers[from + edge.at + 1] === 1) return true;
  for (const sum of plan.sums) if (Number.isNaN(sumAt(numbers, from, sum))) return true;
  return false;
}

/** A sum; NaN where it is beyond what is exact or finite. */
function sumAt(numbers: Float64Array, from: number, { at, exact }: SumPart): number {
  const sum = numbers[from + at] as number;
  return exact ? sumValue(sum, numbers[from + at + 2] as number) : sum;
}

/** The measures of all rows of a window as columns, for formulas and `having`. */
class MeasureColumns implements Columns {
  private readonly known = new Map<string, Float64Array>();
  private readonly cutRankings: boolean[] = [];
  private readonly starts = new Map<CollectPart, Uint32Array>();
  private readonly byName: ReadonlyMap<string, MeasurePlan>;

  constructor(
    private readonly values: WindowValues,
    private readonly plan: MetricPlan,
    private readonly formulas: ReadonlyMap<MeasurePlan, Formula>,
    /** Length of the window. */
    private readonly seconds: number,
  ) {
    this.byName = new Map(plan.measures.map((measure) => [measure.measure.name, measure]));
  }

  get rows(): number {
    return this.values.count;
  }

  column(name: string): Column | null {
    const measure = this.byName.get(name);
    if (!measure) throw new RangeError(`metric ${this.plan.metric.name} has no measure ${name}`);
    return { kind: 'number', values: this.numbersOf(measure) };
  }

  gather(measure: MeasurePlan, rows: Int32Array): MeasureColumn {
    const { values } = this;
    if (measure.kind === 'list') return this.gatherItems(measure.part, rows);
    if (measure.kind === 'edge') return this.gatherEdges(measure.part, rows);
    if (measure.kind === 'ranking') return this.gatherRankings(measure, rows);
    if (measure.kind === 'average' && measure.type === 'money') {
      const { windowWidth, schema } = this.plan;
      const texts = Array.from(rows, (row) => {
        const from = row * windowWidth;
        const sum = sumAt(values.numbers, from, measure.part);
        const added = values.numbers[from + measure.part.at + 1] as number;
        return Number.isNaN(sum) ? null : averageMoney(sum, added, schema.money.exponent);
      });
      return { kind: 'decimal', texts };
    }
    const numbers = this.numbersOf(measure);
    const type = measure.kind === 'average' ? 'double' : measure.type;
    const gathered = new Float64Array(rows.length);
    for (let i = 0; i < rows.length; i++) gathered[i] = numbers[rows[i] as number] as number;
    return { kind: 'number', type, values: gathered };
  }

  /** How many items the list of the i-th gathered row has. */
  listed(part: CollectPart, i: number): number {
    const starts = this.starts.get(part);
    return starts === undefined ? 0 : (starts[i + 1] as number) - (starts[i] as number);
  }

  /** Is a ranking of the i-th gathered row not what it would be with all values? */
  isCut(i: number): boolean {
    return this.cutRankings[i] === true;
  }

  private gatherRankings(measure: Extract<MeasurePlan, { kind: 'ranking' }>, rows: Int32Array): MeasureColumn {
    const { part, limit, maxBytes, valueType, amountType } = measure;
    const members = this.values.topMembers[part.top] as FieldKeySpace;
    const items = new ItemValues(valueType);
    const starts = new Uint32Array(rows.length + 1);
    let amounts = new Float64Array(0);
    rows.forEach((row, i) => {
      const { values, order, count, truncated } = this.values.tops.largest(row, part.top, limit);
      let isCut = truncated;
      let bytes = 0;
      for (const at of order.subarray(0, count)) {
        members.pushTo(items, values.members[at] as number);
        bytes += items.listedBytes(items.count - 1) + RANKED_BYTES;
        if (bytes > maxBytes) {
          items.dropLast();
          isCut = true;
          break;
        }
        const amount = sumValue(values.amounts[at] as number, values.carries[at] as number);
        isCut ||= Number.isNaN(amount);
        amounts = grownDoubles(amounts, items.count);
        amounts[items.count - 1] = amount;
      }
      starts[i + 1] = items.count;
      if (isCut) this.cutRankings[i] = true;
    });
    return { kind: 'ranking', items, amounts, amountType, starts };
  }

  private gatherEdges({ at, edge, type }: EdgePart, rows: Int32Array): MeasureColumn {
    const { numbers, edges, plan } = this.values;
    const items = new ItemValues(type);
    const itemOf = Int32Array.from(rows, (row) => {
      if (Number.isNaN(numbers[row * plan.windowWidth + at])) return -1;
      edges.sourceOf(row, edge).pushTo(items, edges.ownerOf(row, edge));
      return items.count - 1;
    });
    return { kind: 'value', items, at: itemOf };
  }

  private gatherItems(part: CollectPart, rows: Int32Array): MeasureColumn {
    const { values } = this;
    const items = new ItemValues(part.type);
    const starts = new Uint32Array(rows.length + 1);
    for (let i = 0; i < rows.length; i++) {
      const count = values.pick(rows[i] as number, part);
      for (let picked = 0; picked < count; picked++) {
        items.pushCopy((values.pickedFrom[picked] as CollectedItems).values, values.picked[picked] as number);
      }
      starts[i + 1] = items.count;
    }
    this.starts.set(part, starts);
    return { kind: 'list', items, starts };
  }

  /** Values by row, NaN for null. */
  private numbersOf(measure: MeasurePlan): Float64Array {
    const { name } = measure.measure;
    let numbers = this.known.get(name);
    if (!numbers) {
      numbers = this.compute(measure);
      this.known.set(name, numbers);
    }
    return numbers;
  }

  private compute(measure: MeasurePlan): Float64Array {
    const { count, numbers, plan } = this.values;
    const { windowWidth } = plan;
    const out = new Float64Array(count);
    switch (measure.kind) {
      case 'number':
        for (let row = 0; row < count; row++) out[row] = numbers[row * windowWidth + measure.at] as number;
        return out;
      case 'sum':
      case 'average':
        for (let row = 0; row < count; row++) {
          const from = row * windowWidth;
          const added = numbers[from + measure.part.at + 1] as number;
          const sum = sumAt(numbers, from, measure.part);
          out[row] = added === 0 ? NaN : measure.kind === 'sum' ? sum : sum / added;
        }
        return out;
      case 'rate':
        for (let row = 0; row < count; row++) {
          const from = row * windowWidth;
          const { part, at, unit } = measure;
          const sum = part === null ? (numbers[from + at] as number) : sumAt(numbers, from, part);
          out[row] = sum / (this.seconds * unit);
        }
        return out;
      case 'deviation':
        for (let row = 0; row < count; row++) {
          out[row] = sampleDeviation(numbers, row * windowWidth + measure.part.at) / measure.unit;
        }
        return out;
      case 'percentile': {
        const { part, percent, type } = measure;
        for (let row = 0; row < count; row++) {
          const value = percentileOf(this.values.sketched.sorted(row, part.sketch), percent);
          out[row] = type === 'double' ? value : Math.round(value) + 0;
        }
        return out;
      }
      case 'cardinality':
        for (let row = 0; row < count; row++) {
          out[row] = cardinalityOf(this.values.sketched.sorted(row, measure.part.sketch));
        }
        return out;
      case 'values':
        for (let row = 0; row < count; row++) out[row] = this.values.tops.countOf(row, measure.part.top);
        return out;
      case 'derived': {
        const results = (this.formulas.get(measure) as Formula)(this);
        // What is declared a whole number is one, exactly, or it is null.
        for (let row = 0; row < count; row++) {
          const value = results[row] as number;
          out[row] = measure.type === 'double' || Number.isSafeInteger(value) ? value : NaN;
        }
        return out;
      }
      case 'edge': {
        const { at, edge } = measure.part;
        const { edges } = this.values;
        for (let row = 0; row < count; row++) {
          const isNone = Number.isNaN(numbers[row * windowWidth + at]);
          out[row] = isNone ? NaN : edges.sourceOf(row, edge).numberOf(edges.ownerOf(row, edge));
        }
        return out;
      }
      case 'list':
      case 'ranking':
        throw new RangeError(`measure ${measure.measure.name} of metric ${plan.metric.name} is a list`);
    }
  }
}
