import type { FieldType, StreamSchema } from '../../stream/schema';
import { slicedWindows } from '../../windowing/sliced-windows';
import { gapsBetweenCuts, isSession, isTotal } from '../../windowing/window-spec';
import { MAX_COLLECTED_BYTES } from '../measures/collected';
import type { ConditionSet } from './condition-set';
import type { Measure, MetricDefinition, TopAmount } from '../definition';
import type {
  CollectPart,
  CountPart,
  DistinctField,
  DistinctPart,
  EdgePart,
  ExtremePart,
  MeasurePlan,
  MetricPlan,
  MomentsPart,
  SessionPart,
  SketchPart,
  SumPart,
  TopPart,
} from './metric-plan';
import { MAX_SKETCHES, ROWS, SESSION_NUMBERS } from './metric-plan';
import { MOMENTS } from '../measures/moments';
import { MAX_TOP_BYTES } from '../measures/top-table';

/**
 * @throws RangeError for windows that are smaller than their hop, unknown fields, names given twice, measures of types that
 *   cannot be computed, and distinct counts that would count a value once in every partition
 */
export function planMetric(
  metric: MetricDefinition,
  order: number,
  schema: StreamSchema,
  conditions: ConditionSet,
): MetricPlan {
  const planner = new Planner(metric, schema, conditions);
  return planner.plan(order);
}

class Planner {
  private readonly counts: CountPart[] = [];
  private readonly sums: SumPart[] = [];
  private readonly extremes: ExtremePart[] = [];
  private readonly moments: MomentsPart[] = [];
  private readonly edges: EdgePart[] = [];
  private readonly collects: CollectPart[] = [];
  private readonly sketches: SketchPart[] = [];
  private readonly tops: TopPart[] = [];
  private readonly distincts = new Map<string, Omit<DistinctPart, 'at'>[]>();
  private width = ROWS + 1;

  constructor(
    private readonly metric: MetricDefinition,
    private readonly schema: StreamSchema,
    private readonly conditions: ConditionSet,
  ) {}

  plan(order: number): MetricPlan {
    const { metric, schema } = this;
    const condition = this.conditions.add(metric.where);
    const names = new Set(metric.measures.map(({ name }) => name));
    if (names.size !== metric.measures.length)
      throw new RangeError(`metric ${metric.name} has two measures of one name`);
    const readers = metric.measures.map((measure) => this.planMeasure(measure));
    const session = this.planSession();
    let at = this.width;
    const distincts = [...this.distincts].map(([field, parts]) => ({
      field,
      parts: parts.map((part) => ({ ...part, at: at++ })),
    }));
    return {
      metric,
      schema,
      order,
      windows: slicedWindows(
        isSession(metric.window) ? { sizeMs: metric.window.gapMs, hopMs: metric.window.gapMs } : metric.window,
      ),
      session,
      condition,
      width: this.width,
      windowWidth: at,
      counts: this.counts,
      sums: this.sums,
      extremes: this.extremes,
      moments: this.moments,
      edges: this.edges,
      collects: this.collects,
      sketches: this.sketches,
      tops: this.tops,
      distincts,
      measures: readers.map((read) => read(distincts)),
    };
  }

  /** Distinct counts stand behind all other numbers, so their place is known only in the end. */
  private planMeasure(measure: Measure): (distincts: readonly DistinctField[]) => MeasurePlan {
    switch (measure.kind) {
      case 'count': {
        const condition = this.conditions.add(measure.where);
        if (measure.where === null) return () => ({ kind: 'number', at: ROWS, type: 'int', measure });
        const { at } = this.count(condition);
        return () => ({ kind: 'number', at, type: 'int', measure });
      }
      case 'sum':
      case 'avg': {
        const part = this.sum(measure.field, measure.fieldType !== 'double', this.conditions.add(measure.where));
        const kind = measure.kind === 'sum' ? 'sum' : 'average';
        return () => ({ kind, part, type: measure.fieldType, measure });
      }
      case 'min':
      case 'max': {
        const { at } = this.extreme(measure.kind, measure.field, this.conditions.add(measure.where));
        return () => ({ kind: 'number', at, type: measure.fieldType, measure });
      }
      case 'collect': {
        const part: CollectPart = {
          kind: 'collect',
          field: this.fieldOf(measure.field, null).number,
          type: measure.fieldType,
          limit: measure.limit,
          maxBytes: this.maxCollectedBytes,
          condition: this.conditions.add(measure.where),
          at: this.width++,
          list: this.collects.length,
        };
        this.collects.push(part);
        return () => ({ kind: 'list', part, measure });
      }
      case 'first':
      case 'last': {
        const part: EdgePart = {
          kind: 'edge',
          of: measure.kind,
          field: this.fieldOf(measure.field, null).number,
          type: measure.fieldType,
          maxBytes: this.maxCollectedBytes,
          condition: this.conditions.add(measure.where),
          at: this.width,
          edge: this.edges.length,
        };
        this.width += 2;
        this.edges.push(part);
        return () => ({ kind: 'edge', part, measure });
      }
      case 'top':
        return this.planTop(measure);
      case 'rate':
        return this.planRate(measure);
      case 'stddev': {
        const part = this.momentsOf(measure.field, this.conditions.add(measure.where));
        const unit = this.unitOf(measure.fieldType);
        return () => ({ kind: 'deviation', part, unit, type: 'double', measure });
      }
      case 'percentile': {
        const { percent, fieldType: type } = measure;
        const part = this.sketch('quantiles', measure.field, 'number', this.conditions.add(measure.where));
        return () => ({ kind: 'percentile', part, percent, type, measure });
      }
      case 'approx_distinct': {
        const part = this.sketch('cardinality', measure.field, null, this.conditions.add(measure.where));
        return () => ({ kind: 'cardinality', part, type: 'int', measure });
      }
      case 'distinct': {
        const { field } = measure;
        if (isSession(this.metric.window)) {
          const part = this.top(field, { kind: 'count' }, this.conditions.add(measure.where), Infinity);
          return () => ({ kind: 'values', part, type: 'int', measure });
        }
        const index = this.distinct(field, this.conditions.add(measure.where));
        return (distincts) => {
          const { at } = distincts.find((other) => other.field === field)?.parts[index] as DistinctPart;
          return { kind: 'number', at, type: 'int', measure };
        };
      }
      case 'derived': {
        const type = measure.type;
        if (type === 'string' || type === 'null' || type === 'bool') {
          throw new RangeError(`measure ${measure.name} of metric ${this.metric.name} is ${type}, not a number`);
        }
        return () => ({ kind: 'derived', type, measure });
      }
    }
  }

  private planSession(): SessionPart | null {
    const { window, name, local } = this.metric;
    if (!isSession(window)) return null;
    const { gapMs, maxDurationMs } = window;
    const cutSlices = gapsBetweenCuts(window);
    if (cutSlices < 2) {
      throw new RangeError(`sessions of metric ${name} last ${maxDurationMs} ms: too short for gaps of ${gapMs} ms`);
    }
    if (!local) throw new RangeError(`sessions of metric ${name} are of groups that are in several partitions`);
    const at = this.width;
    this.width += SESSION_NUMBERS;
    return { gapMs, cutSlices, at };
  }

  private planTop(measure: Extract<Measure, { kind: 'top' }>): () => MeasurePlan {
    const { by, limit } = measure;
    const valueType = this.fieldOf(measure.field, null).type;
    const tops = this.metric.measures.filter(({ kind }) => kind === 'top').length;
    const bytes = Math.floor(MAX_TOP_BYTES / tops);
    const part = this.top(measure.field, by, this.conditions.add(measure.where), bytes);
    const amountType = by.kind === 'count' ? 'int' : by.fieldType;
    const maxBytes = this.maxCollectedBytes;
    return () => ({ kind: 'ranking', part, limit, maxBytes, valueType, amountType, measure });
  }

  private top(field: string, by: TopAmount, condition: number, maxBytes: number): TopPart {
    const amount = by.kind === 'count' ? null : this.fieldOf(by.field, 'number').number;
    const same = (other: TopPart): boolean => {
      return (
        other.field === field &&
        other.kind.by === by.kind &&
        other.amount === amount &&
        other.condition === condition &&
        other.maxBytes === maxBytes
      );
    };
    let part = this.tops.find(same);
    if (!part) {
      const kind = { by: by.kind, exact: by.kind === 'count' || by.fieldType !== 'double' };
      part = { field, kind, amount, maxBytes, condition, top: this.tops.length };
      this.tops.push(part);
    }
    return part;
  }

  private planRate(measure: Extract<Measure, { kind: 'rate' }>): () => MeasurePlan {
    if (isTotal(this.metric.window)) {
      throw new RangeError(
        `measure ${measure.name} of metric ${this.metric.name} is a rate, and a total has no length`,
      );
    }
    const condition = this.conditions.add(measure.where);
    if (measure.field === null) {
      const at = measure.where === null ? ROWS : this.count(condition).at;
      return () => ({ kind: 'rate', part: null, at, unit: 1, type: 'double', measure });
    }
    const part = this.sum(measure.field, measure.fieldType !== 'double', condition);
    const unit = this.unitOf(measure.fieldType);
    return () => ({ kind: 'rate', part, at: part.at, unit, type: 'double', measure });
  }

  /** Of how many of the numbers that are kept one of the result consists: money is shown in its major unit. */
  private unitOf(type: FieldType | null): number {
    return type === 'money' ? 10 ** this.schema.money.exponent : 1;
  }

  private momentsOf(name: string, condition: number): MomentsPart {
    const field = this.fieldOf(name, 'number').number;
    let part = this.moments.find((other) => other.field === field && other.condition === condition);
    if (!part) {
      part = { kind: 'moments', field, condition, at: this.width };
      this.width += MOMENTS;
      this.moments.push(part);
    }
    return part;
  }

  private count(condition: number): CountPart {
    let part = this.counts.find((other) => other.condition === condition);
    if (!part) {
      part = { kind: 'count', condition, at: this.width++ };
      this.counts.push(part);
    }
    return part;
  }

  private sketch(of: SketchPart['of'], name: string, wanted: 'number' | null, condition: number): SketchPart {
    const field = this.fieldOf(name, wanted).number;
    let part = this.sketches.find((other) => other.of === of && other.field === field && other.condition === condition);
    if (!part) {
      part = { of, field, condition, sketch: this.sketches.length };
      this.sketches.push(part);
    }
    if (this.sketches.length > MAX_SKETCHES) {
      throw new RangeError(`metric ${this.metric.name} has more than ${MAX_SKETCHES} different sketches`);
    }
    return part;
  }

  /** What is left of MAX_COLLECTED_BYTES for each list and each value that may be a text. */
  private get maxCollectedBytes(): number {
    const sharing: readonly Measure['kind'][] = ['collect', 'first', 'last', 'top'];
    return Math.floor(MAX_COLLECTED_BYTES / this.metric.measures.filter(({ kind }) => sharing.includes(kind)).length);
  }

  private sum(name: string, exact: boolean, condition: number): SumPart {
    const field = this.fieldOf(name, 'number').number;
    let part = this.sums.find((other) => other.field === field && other.condition === condition);
    if (!part) {
      part = { kind: 'sum', field, exact, condition, at: this.width };
      this.width += exact ? 3 : 2;
      this.sums.push(part);
    }
    return part;
  }

  private extreme(kind: 'min' | 'max', name: string, condition: number): ExtremePart {
    const { number: field, type } = this.fieldOf(name, 'number');
    let part = this.extremes.find(
      (other) => other.kind === kind && other.field === field && other.condition === condition,
    );
    if (!part) {
      part = { kind, field, integers: type !== 'double', condition, at: this.width++ };
      this.extremes.push(part);
    }
    return part;
  }

  private distinct(name: string, condition: number): number {
    this.fieldOf(name, null);
    if (!this.metric.local && name !== this.schema.key[0]) {
      throw new RangeError(
        `distinct(${name}) of metric ${this.metric.name} would count a value once in every partition: only the stream's ` +
          `key is in one partition alone`,
      );
    }
    const parts = this.distincts.get(name) ?? [];
    this.distincts.set(name, parts);
    const known = parts.findIndex((other) => other.condition === condition);
    return known >= 0 ? known : parts.push({ kind: 'distinct', condition }) - 1;
  }

  private fieldOf(name: string, wanted: 'number' | null): { readonly number: number; readonly type: FieldType } {
    const field = this.schema.fields.find((candidate) => candidate.name === name);
    if (!field)
      throw new RangeError(
        `metric ${this.metric.name} uses field ${name}, which stream ${this.schema.stream} does not declare`,
      );
    if (wanted === 'number' && (field.type === 'string' || field.type === 'bool')) {
      throw new RangeError(`metric ${this.metric.name} needs numbers, but field ${name} is ${field.type}`);
    }
    return field;
  }
}
