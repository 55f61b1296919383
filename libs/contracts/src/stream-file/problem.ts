/** Something wrong with a stream file, at a place in it. */
export interface StreamFileProblem {
  /** From 1. */
  readonly line: number;
  /** From 1, in UTF-16 units as editors count. */
  readonly column: number;
  /** Where in the document, such as `metrics.revenue.window.size`; '' for the document itself. */
  readonly path: string;
  readonly message: string;
}

/** One line per problem, in the form that editors and terminals turn into links. */
export function formatProblems(file: string, problems: readonly StreamFileProblem[]): string {
  return problems
    .map(({ line, column, path, message }) => `${file}:${line}:${column}: ${path === '' ? '' : `${path}: `}${message}`)
    .join('\n');
}
