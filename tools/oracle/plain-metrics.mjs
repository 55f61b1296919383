/**
 * Metrics in the plainest way there is: all rows of a window and group are kept, and looked at when all is read. Shares no
 * code with the platform. Amounts are whole numbers of the smallest unit.
 *
 * A metric is `{ name, size, hop, where, groupBy, measures, near, having }`: milliseconds; which rows count; group name → value
 * of a row; measure name → value of the rows of a group; names of measures of which the platform may tell a near one; which
 * measures are told.
 */

export const SECOND = 1000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** Every result of every metric, sorted. Rows are in the order of the log and have a `timeMs`. */
export function resultsOf(metrics, rows) {
  const results = metrics.flatMap((metric) => [...resultsOfMetric(metric, rows)]);
  return results.sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
}

export function keyOf({ metric, window_start, group }) {
  return `${metric} ${window_start} ${JSON.stringify(group)}`;
}

function* resultsOfMetric({ name, size, hop = size, where = () => true, groupBy = {}, measures, having }, rows) {
  const windows = new Map(); // start and group → rows
  for (const row of rows) {
    if (!where(row)) continue;
    const group = Object.fromEntries(Object.entries(groupBy).map(([field, of]) => [field, of(row)]));
    for (let start = row.timeMs - (row.timeMs % hop); start > row.timeMs - size; start -= hop) {
      const key = `${start} ${JSON.stringify(group)}`;
      const window = windows.get(key);
      if (window === undefined) windows.set(key, { start, group, rows: [row] });
      else window.rows.push(row);
    }
  }
  for (const { start, group, rows: held } of windows.values()) {
    const values = {};
    for (const [measure, of] of Object.entries(measures)) values[measure] = of(held, values);
    if (having !== undefined && !having(held)) continue;
    yield { metric: name, window_start: iso(start), window_end: iso(start + size), group, measures: values };
  }
}

// --- measures: (rows) → value -----------------------------------------------------------------------------------------

export const count =
  (where = () => true) =>
  (rows) =>
    rows.filter(where).length;

export const distinct =
  (of, where = () => true) =>
  (rows) =>
    new Set(rows.filter(where).flatMap((row) => of(row) ?? [])).size;

/** Of whole numbers; null where there are none. */
export const sum =
  (of, where = () => true) =>
  (rows) => {
    const values = valuesOf(of, rows.filter(where));
    return values.length === 0 ? null : total(values);
  };

/** Of whole numbers; null where there are none. */
export const average = (of) => (rows) => {
  const values = valuesOf(of, rows);
  return values.length === 0 ? null : total(values) / values.length;
};

/** Amounts as decimal text; null where there are none. */
export const sumOfMoney =
  (of, where = () => true) =>
  (rows) => {
    const amounts = valuesOf(of, rows.filter(where));
    return amounts.length === 0 ? null : money(total(amounts));
  };

export const averageOfMoney =
  (of, where = () => true) =>
  (rows) => {
    const amounts = valuesOf(of, rows.filter(where));
    return amounts.length === 0 ? null : sixDigits(total(amounts), amounts.length);
  };

export const largestAmount = (of) => (rows) => extreme(of, Math.max, rows);
export const smallestAmount = (of) => (rows) => extreme(of, Math.min, rows);

function extreme(of, choose, rows) {
  const amounts = valuesOf(of, rows);
  return amounts.length === 0 ? null : money(amounts.reduce((chosen, amount) => choose(chosen, amount)));
}

/** The number at place ⌊percent / 100 × (n − 1)⌋ of the n in order, exactly. */
export const percentile = (of, percent) => (rows) => {
  const values = valuesOf(of, rows).sort((a, b) => a - b);
  return values.length === 0 ? null : values[Math.floor((percent * (values.length - 1)) / 100)];
};

export const percentileOfMoney = (of, percent) => (rows) => {
  const amount = percentile(of, percent)(rows);
  return amount === null ? null : money(amount);
};

export const collected = (of, most) => (rows) => valuesOf(of, rows).slice(0, most);

/**
 * The values with the largest amounts; `amountOf` gives null for rows that are left out, `combine` makes the amount of a value
 * from those of its rows.
 */
export const topOf =
  (most, valueOf, amountOf, show = (amount) => amount, combine = (a, b) => a + b) =>
  (rows) => {
    const amounts = new Map();
    for (const row of rows) {
      const [value, amount] = [valueOf(row), amountOf(row)];
      if (value !== null && amount !== null)
        amounts.set(value, amounts.has(value) ? combine(amounts.get(value), amount) : amount);
    }
    return [...amounts]
      .sort(([a, x], [b, y]) => y - x || Buffer.compare(Buffer.from(a), Buffer.from(b)))
      .slice(0, most)
      .map(([value, amount]) => ({ value, amount: show(amount) }));
  };

/** 100 × one measure / another of those before it. */
export const percentOf = (part, whole) => (_rows, measures) => ratio(100 * measures[part], measures[whole]);

/** Null where something is null, or nothing is divided by. */
export function ratio(dividend, divisor) {
  return dividend === null || divisor === null || divisor === 0 ? null : dividend / divisor;
}

// --- amounts ----------------------------------------------------------------------------------------------------------

/** `1234.5` → 123450; more than two decimals are rounded, half to even. */
export function unitsOf(text) {
  const match = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text);
  if (match === null) throw new Error(`not an amount: ${text}`);
  const [, sign, whole, decimals = ''] = match;
  const beyond = 10n ** BigInt(Math.max(0, decimals.length - 2));
  const units = Number(halfEven(BigInt(whole + decimals.padEnd(2, '0')), beyond));
  return sign === '-' ? 0 - units : units;
}

/** 123450 → `1234.50` */
export function money(units) {
  const digits = String(Math.abs(units)).padStart(3, '0');
  return `${units < 0 ? '-' : ''}${digits.slice(0, -2)}.${digits.slice(-2)}`;
}

/** Amount / count in the major unit, with six decimals, half to even. */
function sixDigits(units, count) {
  const rounded = halfEven(BigInt(Math.abs(units)) * 10_000n, BigInt(count));
  const digits = rounded.toString().padStart(7, '0');
  return `${units < 0 && rounded > 0n ? '-' : ''}${digits.slice(0, -6)}.${digits.slice(-6)}`;
}

function halfEven(dividend, divisor) {
  const quotient = dividend / divisor;
  const twice = 2n * (dividend % divisor);
  return twice > divisor || (twice === divisor && quotient % 2n === 1n) ? quotient + 1n : quotient;
}

function total(amounts) {
  return amounts.reduce((sum, amount) => sum + amount, 0);
}

function valuesOf(of, rows) {
  return rows.map(of).filter((value) => value !== null);
}

function iso(time) {
  return new Date(time).toISOString();
}
