import type { CopyBuffer } from './copy-buffer';

const DECIMAL = /^([+-]?)(\d*)(?:\.(\d*))?$/;
const DIGITS_A_GROUP = 4;
const NEGATIVE = 0x4000;
const NOT_A_NUMBER = 0xc000;

/**
 * Writes decimal text as PostgreSQL sends numerics: groups of four digits, from the one that `weight` says on. What is no decimal
 * text becomes NaN.
 */
export function writeNumeric(to: CopyBuffer, text: string): void {
  const match = DECIMAL.exec(text);
  const whole = match?.[2] ?? '';
  const fraction = match?.[3] ?? '';
  to.sized(() => {
    if (whole === '' && fraction === '') {
      writeHead(to, 0, 0, NOT_A_NUMBER, 0);
      return;
    }
    const padded = whole.padStart(Math.ceil(whole.length / DIGITS_A_GROUP) * DIGITS_A_GROUP, '0');
    const digits = padded + fraction.padEnd(Math.ceil(fraction.length / DIGITS_A_GROUP) * DIGITS_A_GROUP, '0');
    const groups = digits.length / DIGITS_A_GROUP;
    let first = 0;
    while (first < groups && groupAt(digits, first) === 0) first++;
    let end = groups;
    while (end > first && groupAt(digits, end - 1) === 0) end--;
    const weight = padded.length / DIGITS_A_GROUP - 1 - first;
    const isZero = first === end;
    writeHead(to, end - first, isZero ? 0 : weight, match?.[1] === '-' && !isZero ? NEGATIVE : 0, fraction.length);
    for (let group = first; group < end; group++) to.int16(groupAt(digits, group));
  });
}

function writeHead(to: CopyBuffer, groups: number, weight: number, sign: number, scale: number): void {
  to.int16(groups);
  to.int16(weight);
  to.int16(sign > 0x7fff ? sign - 0x10000 : sign);
  to.int16(scale);
}

function groupAt(digits: string, group: number): number {
  return Number(digits.slice(group * DIGITS_A_GROUP, (group + 1) * DIGITS_A_GROUP));
}
