/** The known name that a wrong one was most likely meant to be; null where none is close. */
export function nearestName(wrong: string, known: Iterable<string>): string | null {
  let best: string | null = null;
  let bestDistance = wrong.length < 2 ? 1 : Math.max(1, Math.floor(wrong.length / 3)) + 1;
  for (const name of known) {
    const distance = editDistance(plain(wrong), plain(name));
    if (distance < bestDistance) {
      best = name;
      bestDistance = distance;
    }
  }
  return best;
}

/** `did you mean x?` where a known name is close, else all of them. */
export function didYouMean(wrong: string, known: Iterable<string>): string {
  const names = [...known];
  const near = nearestName(wrong, names);
  if (near !== null) return `did you mean ${near}?`;
  if (names.length === 0) return 'there are none';
  return names.length === 1 ? `there is only ${names[0]}` : `there are ${names.join(', ')}`;
}

/** snake_case, kebab-case and camelCase of one name are the same mistake. */
function plain(name: string): string {
  return name.toLowerCase().replace(/[-_ ]/g, '');
}

/** Levenshtein, where exchanging two neighbours is one step too. */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replace = (last[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      let cost = Math.min((last[j] as number) + 1, (row[j - 1] as number) + 1, replace);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        cost = Math.min(cost, (beforeLast[j - 2] as number) + 1);
      }
      row.push(cost);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length] as number;
}
