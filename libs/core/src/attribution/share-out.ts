/**
 * An amount in whole units shared out evenly: the shares add up to it exactly. What does not divide goes to the first ones, a
 * unit each. NaN: all of them are NaN.
 */
export function shareOut(amount: number, shares: number): number[] {
  const left = amount % shares;
  const even = (amount - left) / shares;
  return Array.from({ length: shares }, (_, i) => (i < Math.abs(left) ? even + Math.sign(left) : even));
}
