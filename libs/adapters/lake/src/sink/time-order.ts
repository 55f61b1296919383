const DIGIT_BITS = 16;
const DIGITS = 1 << DIGIT_BITS;

/**
 * The order of rows by time, of equal times as they are: position i of the result holds the index of the row that is i-th.
 *
 * @param times whole milliseconds
 */
export function timeOrder(times: Float64Array): Uint32Array {
  const count = times.length;
  let order = new Uint32Array(count);
  let least = Infinity;
  let most = -Infinity;
  let isOrdered = true;
  for (let i = 0; i < count; i++) {
    const time = times[i] as number;
    order[i] = i;
    if (time < most) isOrdered = false;
    if (time < least) least = time;
    if (time > most) most = time;
  }
  if (isOrdered) return order;
  // By digits from the lowest on: times of a file lie close together, so one or two passes do it, where a comparison sort takes
  // as long as the whole file.
  let next = new Uint32Array(count);
  const starts = new Uint32Array(DIGITS + 1);
  for (let unit = 1; unit <= most - least; unit *= DIGITS) {
    starts.fill(0);
    for (let i = 0; i < count; i++) {
      const digit = digitOf((times[i] as number) - least, unit) + 1;
      starts[digit] = (starts[digit] as number) + 1;
    }
    for (let digit = 0; digit < DIGITS; digit++) {
      starts[digit + 1] = (starts[digit + 1] as number) + (starts[digit] as number);
    }
    for (let i = 0; i < count; i++) {
      const row = order[i] as number;
      const digit = digitOf((times[row] as number) - least, unit);
      const to = starts[digit] as number;
      next[to] = row;
      starts[digit] = to + 1;
    }
    [order, next] = [next, order];
  }
  return order;
}

function digitOf(time: number, unit: number): number {
  return Math.floor(time / unit) & (DIGITS - 1);
}
