/**
 * Where in the file the characters of a YAML scalar stand. A scalar's value is not its source: quotes, escapes, folded
 * lines and indentation are gone from it. Walks both side by side.
 *
 * @param source the document's text
 * @param from offset where the scalar begins in the source (its quote or `|` included)
 * @param value the scalar's value
 * @param index a position in the value; value.length is its end
 */
export function sourceOffset(source: string, from: number, value: string, index: number): number {
  const quote = source[from] === "'" || source[from] === '"' ? source[from] : null;
  let at = from + (quote === null ? 0 : 1);
  if (source[from] === '|' || source[from] === '>') at = skipBlank(source, source.indexOf('\n', from));
  for (let i = 0; i < index; i++) {
    if (quote === '"' && source[at] === '\\') at += escapeLength(source, at);
    else if (quote === "'" && value[i] === "'" && source[at] === "'") at += 2;
    else if (isBlank(value[i]) && isBlank(source[at])) {
      while (i + 1 < index && isBlank(value[i + 1])) i++;
      at = value[i] === source[at] && !isBlank(source[at + 1]) ? at + 1 : skipBlank(source, at);
    } else at++;
  }
  return at;
}

const isBlank = (char: string | undefined) => char === ' ' || char === '\n' || char === '\t' || char === '\r';

function skipBlank(source: string, from: number): number {
  let at = from;
  while (isBlank(source[at])) at++;
  return at;
}

function escapeLength(source: string, at: number): number {
  switch (source[at + 1]) {
    case 'x':
      return 4;
    case 'u':
      return 6;
    case 'U':
      return 10;
    default:
      return 2;
  }
}
