import type { RankedResult, ResultScalar, ResultValue, ValueMessage } from '@tillstream/contracts';
import type { ExpressionType, FieldType, Measure, MetricDefinition, StreamSchema } from '@tillstream/core';

/** Which field of a Value message holds a value. */
export type ValueKind = ScalarKind | 'list' | 'ranking';
type ScalarKind = 'integer' | 'number' | 'decimal' | 'text' | 'flag';

/** How values of one group field or measure travel. */
export interface ValueType {
  readonly name: string;
  readonly kind: ValueKind;
  /** Kind of the items of a list, of the values of a ranking; null for other kinds. */
  readonly items: ScalarKind | null;
  /** Kind of a ranking's amounts. */
  readonly amounts?: ScalarKind;
}

const KIND_OF: Readonly<Record<FieldType, ScalarKind>> = {
  string: 'text',
  int: 'integer',
  double: 'number',
  money: 'decimal',
  bool: 'flag',
  timestamp: 'text',
};

/** Types of a metric's group fields, in the order of groupBy. */
export function groupTypes(metric: MetricDefinition, schema: StreamSchema): readonly ValueType[] {
  return metric.groupBy.map((name) => {
    const field = schema.fields.find((candidate) => candidate.name === name);
    if (!field) throw new Error(`group field ${name} of ${metric.name} is not declared in stream ${schema.stream}`);
    return { name, kind: KIND_OF[field.type], items: null };
  });
}

export function measureType(measure: Measure): ValueType {
  const { name } = measure;
  switch (measure.kind) {
    case 'count':
    case 'distinct':
    case 'approx_distinct':
      return { name, kind: 'integer', items: null };
    case 'rate':
    case 'stddev':
      return { name, kind: 'number', items: null };
    case 'sum':
    case 'min':
    case 'max':
    case 'percentile':
    case 'first':
    case 'last':
      return { name, kind: KIND_OF[measure.fieldType], items: null };
    case 'avg':
      return { name, kind: measure.fieldType === 'money' ? 'decimal' : 'number', items: null };
    case 'collect':
      return { name, kind: 'list', items: KIND_OF[measure.fieldType] };
    case 'top': {
      const { fieldType, by } = measure;
      const amounts = by.kind === 'count' ? 'integer' : KIND_OF[by.fieldType];
      return { name, kind: 'ranking', items: KIND_OF[fieldType], amounts };
    }
    case 'derived':
      return { name, kind: kindOfDerived(measure.type), items: null };
  }
}

function kindOfDerived(type: ExpressionType): ValueKind {
  return type === 'null' ? 'number' : KIND_OF[type];
}

/** A value of a result's JSON as a message. */
export function toMessage(value: ResultValue, type: Pick<ValueType, 'kind' | 'items' | 'amounts'>): ValueMessage {
  if (value === null) return {};
  if (isList(value)) {
    const kind = type.items ?? 'text';
    if (type.kind === 'ranking') {
      const amounts = type.amounts ?? 'number';
      const ranked = (value as readonly RankedResult[]).map((item) => ({
        value: toMessage(item.value, { kind, items: null }),
        amount: toMessage(item.amount, { kind: amounts, items: null }),
      }));
      return { ranking: { values: ranked } };
    }
    return {
      list: { values: (value as readonly ResultScalar[]).map((item) => toMessage(item, { kind, items: null })) },
    };
  }
  switch (type.kind) {
    case 'integer':
      return { integer: String(value) };
    case 'number':
      return { number: Number(value) };
    case 'flag':
      return { flag: value === true };
    case 'decimal':
      return { decimal: String(value) };
    case 'text':
    case 'list':
    case 'ranking':
      return { text: String(value) };
  }
}

function isList(value: ResultValue): value is Extract<ResultValue, readonly unknown[]> {
  return Array.isArray(value);
}

/**
 * The value of a message as it stands in a result's JSON; undefined when the message has a value of another kind. Text
 * is taken for every kind, so that who asks need not know the types of fields. The runtime gives messages with the name
 * of the field that is set in `kind`.
 */
export function fromMessage(
  message: ValueMessage & { readonly kind?: string },
  kind: ValueKind,
): ResultValue | undefined {
  const set = message.kind ?? Object.keys(message)[0];
  if (set === undefined) return null;
  if (set === 'text') return fromText(message.text ?? '', kind);
  if (set !== kind) return undefined;
  switch (kind) {
    case 'integer':
      return Number(message.integer);
    case 'number':
      return message.number;
    case 'flag':
      return message.flag;
    case 'decimal':
      return message.decimal;
    case 'text':
    case 'list':
    case 'ranking':
      return undefined;
  }
}

function fromText(text: string, kind: ValueKind): ResultValue | undefined {
  switch (kind) {
    case 'text':
      return text;
    case 'integer':
      return /^-?\d+$/.test(text) ? Number(text) : undefined;
    case 'number':
      return text.trim() !== '' && Number.isFinite(Number(text)) ? Number(text) : undefined;
    case 'decimal':
      return /^-?\d+(\.\d+)?$/.test(text) ? text : undefined;
    case 'flag':
      return text === 'true' ? true : text === 'false' ? false : undefined;
    case 'list':
    case 'ranking':
      return undefined;
  }
}
