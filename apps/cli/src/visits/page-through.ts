/** One page of an answer. */
export interface Page<Item> {
  readonly items: readonly Item[];
  readonly nextPageToken: string;
}

const MAX_PAGE_SIZE = 1_000;

/** What an answer of many pages holds, up to `limit`. */
export async function* pageThrough<Item>(
  limit: number,
  ask: (page: { readonly pageSize: number; readonly pageToken: string }) => Promise<Page<Item>>,
): AsyncGenerator<Item> {
  let left = limit;
  for (let pageToken = ''; ;) {
    const page = await ask({ pageSize: Math.min(left, MAX_PAGE_SIZE), pageToken });
    // Open sessions come on top of a page.
    yield* page.items.slice(0, left);
    left -= page.items.length;
    pageToken = page.nextPageToken;
    if (pageToken === '' || left <= 0) return;
  }
}
