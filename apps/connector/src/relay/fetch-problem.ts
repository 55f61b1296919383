/** What went wrong with a request: `fetch` says no more than that it failed, and hides the rest in the cause of its error. */
export function fetchProblem(error: unknown): string {
  const { message, cause } = error as Error & { readonly cause?: Partial<NodeJS.ErrnoException> };
  return cause?.message || cause?.code || message;
}
