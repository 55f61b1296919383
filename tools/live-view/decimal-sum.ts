/** The exact sum of decimal texts such as `12.50`, with as many digits as the longest of them has. */
export function sumOfDecimals(texts: readonly string[]): string {
  const digits = Math.max(0, ...texts.map((text) => fractionOf(text).length));
  const units = texts.reduce((sum, text) => sum + inUnits(text, digits), 0n);
  if (digits === 0) return units.toString();
  const padded = (units < 0n ? -units : units).toString().padStart(digits + 1, '0');
  return `${units < 0n ? '-' : ''}${padded.slice(0, -digits)}.${padded.slice(-digits)}`;
}

const fractionOf = (text: string): string => text.split('.')[1] ?? '';

function inUnits(text: string, digits: number): bigint {
  const [whole = ''] = text.split('.');
  return BigInt(whole + fractionOf(text).padEnd(digits, '0'));
}
