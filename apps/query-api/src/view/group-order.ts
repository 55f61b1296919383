type Compare = (a: string, b: string) => number;

/** From here on the order of code units is not that of code points. */
const BEYOND = /[\ud800-\uffff]/;

/** Groups in the order of their code points, which is that of their bytes: a lake has them in the same. */
export const compareGroups: Compare = (a, b) => {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i += 1) {
    const [unitA, unitB] = [a.charCodeAt(i), b.charCodeAt(i)];
    if (unitA === unitB) continue;
    // Surrogates stand for what is beyond all other units.
    if (isSurrogate(unitA) !== isSurrogate(unitB)) return isSurrogate(unitA) ? 1 : -1;
    return unitA - unitB;
  }
  return a.length - b.length;
};

const compareUnits: Compare = (a, b) => (a < b ? -1 : a > b ? 1 : 0);

/** The same for these groups: quickly, as long as none is of other characters than most are. */
export function groupOrder(groups: readonly string[]): Compare {
  return groups.some((group) => BEYOND.test(group)) ? compareGroups : compareUnits;
}

const isSurrogate = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdfff;
