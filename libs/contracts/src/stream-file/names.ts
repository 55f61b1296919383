/** Words that expressions keep for themselves. */
const RESERVED = new Set(
  (
    'as break const continue else false for function if import in let loop namespace null package return true var ' +
    'void where while'
  ).split(' '),
);

/** Why a name cannot be one of a field, metric or measure; null where it can. */
export function refusedName(name: string): string | null {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) return 'a name has letters, digits and _ only, and begins with no digit';
  if (name.startsWith('__')) return 'a name does not begin with two underscores';
  if (name.length > 64) return 'a name has at most 64 characters';
  return RESERVED.has(name) ? `${name} is a word of the expression language` : null;
}
