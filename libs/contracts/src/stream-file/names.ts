/** Words that expressions keep for themselves. */
const RESERVED = new Set(
  (
    'as break const continue else false for function if import in let loop namespace null package return true var ' +
    'void where while'
  ).split(' '),
);

const MAX_LENGTH = 64;

/** As `refusedName`, for a field: several names with dots between them are a path. */
export function refusedFieldName(name: string): string | null {
  const parts = name.split('.');
  if (parts.length === 1) return refusedName(name);
  if (name.length > MAX_LENGTH) return `a path has at most ${MAX_LENGTH} characters`;
  const refusal = parts.map(refusedName).find((reason) => reason !== null);
  return refusal === undefined ? null : `a path has dots between names, and ${refusal}`;
}

/** Why a text cannot be the path of a field; null where it can. Keys of events may be any text, but for dots. */
export function refusedPath(path: string): string | null {
  if (path.split('.').includes('')) return 'a path has dots between keys only, such as meta.domain';
  return path.length > MAX_LENGTH ? `a path has at most ${MAX_LENGTH} characters` : null;
}

/** Why a name cannot be one of a metric or measure; null where it can. */
export function refusedName(name: string): string | null {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) return 'a name has letters, digits and _ only, and begins with no digit';
  if (name.startsWith('__')) return 'a name does not begin with two underscores';
  if (name.length > MAX_LENGTH) return `a name has at most ${MAX_LENGTH} characters`;
  return RESERVED.has(name) ? `${name} is a word of the expression language` : null;
}
