/**
 * Minor units as decimal text with all digits of the currency: 123450 of USD is `1234.50`, of JPY `123450`.
 *
 * @param minorUnits a safe integer
 * @param exponent decimal digits of the currency's minor unit
 */
export function moneyText(minorUnits: number, exponent: number): string {
  if (exponent === 0) return String(minorUnits);
  const digits = String(Math.abs(minorUnits)).padStart(exponent + 1, '0');
  const point = digits.length - exponent;
  return `${minorUnits < 0 ? '-' : ''}${digits.slice(0, point)}.${digits.slice(point)}`;
}
