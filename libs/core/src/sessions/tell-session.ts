import { sumValue } from '../metrics/measures/exact-sum';
import type { Session, SessionEdge } from './session';
import type { Edge, Stretch } from './stretch';
import type { TextTable } from './text-table';

/** A session as it is told. */
export function tellSession(user: string, part: string | null, stretch: Stretch, texts: TextTable): Session {
  const text = (id: number | undefined): string | null => (id === undefined ? null : texts.textOf(id));
  const known = (id: number): string => texts.textOf(id) as string;
  const edge = (at: Edge | null): SessionEdge => ({ product: text(at?.product), category: text(at?.category) });
  return {
    user,
    part,
    startMs: stretch.firstMs,
    endMs: stretch.lastMs,
    events: stretch.events,
    pageViews: stretch.pageViews,
    carts: stretch.carts,
    purchases: stretch.purchases,
    products: stretch.products.size,
    revenue: sumValue(stretch.revenue, stretch.revenueCarry),
    entry: edge(stretch.entry),
    exit: edge(stretch.exit),
    device: text(stretch.device?.text),
    location: text(stretch.location?.text),
    path: stretch.path.map((step) => known(step.text)),
    clientSessions: stretch.clients.map((client) => known(client.text)),
    cart: stretch.cart
      .filter(({ isIn }) => isIn)
      .map(({ product, value }) => ({ product: known(product), value: Number.isNaN(value) ? null : value })),
    truncated: stretch.isTruncated,
  };
}
