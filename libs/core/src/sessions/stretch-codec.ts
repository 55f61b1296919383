import type { ByteReader } from '../metrics/checkpoint/byte-reader';
import type { ByteWriter } from '../metrics/checkpoint/byte-writer';
import type { Edge } from './stretch';
import { Stretch } from './stretch';
import type { TimedText } from './timed-texts';

/** Appends what is known of a stretch; texts by the numbers that `numberOf` gives their ids. */
export function writeStretch(writer: ByteWriter, stretch: Stretch, numberOf: (id: number) => number): void {
  const { firstMs } = stretch;
  const writeTimed = (items: readonly TimedText[]): void => {
    writer.count(items.length);
    for (const { timeMs, text } of items) {
      writer.count(timeMs - firstMs);
      writer.count(numberOf(text));
    }
  };
  const writeEdge = (edge: Edge | null): void => {
    writer.byte(edge === null ? 0 : 1);
    if (edge === null) return;
    writer.count(edge.timeMs - firstMs);
    writer.count(numberOf(edge.product));
    writer.count(numberOf(edge.category));
  };
  writer.integer(firstMs);
  writer.count(stretch.lastMs - firstMs);
  writer.count(stretch.events);
  writer.count(stretch.pageViews);
  writer.count(stretch.carts);
  writer.count(stretch.purchases);
  writer.integer(stretch.revenue);
  writer.integer(stretch.revenueCarry);
  writer.byte(stretch.isTruncated ? 1 : 0);
  writer.count(stretch.products.size);
  for (const product of stretch.products) writer.count(numberOf(product));
  writeEdge(stretch.entry);
  writeEdge(stretch.exit);
  writeTimed(stretch.device ? [stretch.device] : []);
  writeTimed(stretch.location ? [stretch.location] : []);
  writeTimed(stretch.path);
  writeTimed(stretch.clients);
  writer.count(stretch.cart.length);
  for (const { timeMs, product, value, isIn } of stretch.cart) {
    writer.count(timeMs - firstMs);
    writer.count(numberOf(product));
    writer.byte(isIn ? 1 : 0);
    writer.integer(value);
  }
}

/** Reads what `writeStretch` wrote; `ids` are those of the texts, by their numbers. */
export class StretchReader {
  private firstMs = 0;

  constructor(
    private readonly reader: ByteReader,
    private readonly ids: readonly number[],
  ) {}

  read(): Stretch {
    const { reader } = this;
    this.firstMs = reader.integer();
    const stretch = new Stretch(this.firstMs);
    stretch.lastMs = this.time();
    stretch.events = reader.count();
    stretch.pageViews = reader.count();
    stretch.carts = reader.count();
    stretch.purchases = reader.count();
    stretch.revenue = reader.integer();
    stretch.revenueCarry = reader.integer();
    stretch.isTruncated = reader.byte() === 1;
    for (let left = reader.length(); left > 0; left--) stretch.products.add(this.text());
    stretch.entry = this.edge();
    stretch.exit = this.edge();
    stretch.device = this.timed()[0] ?? null;
    stretch.location = this.timed()[0] ?? null;
    stretch.path = this.timed();
    stretch.clients = this.timed();
    for (let left = reader.length(); left > 0; left--) {
      const timeMs = this.time();
      const product = this.text();
      const isIn = reader.byte() === 1;
      stretch.cart.push({ timeMs, product, value: reader.integer(), isIn });
    }
    return stretch;
  }

  /** Id of the text whose number comes next. */
  text(): number {
    const id = this.ids[this.reader.count()];
    if (id === undefined) throw new RangeError('the sessions of a user speak of a text that is not there');
    return id;
  }

  private time(): number {
    return this.firstMs + this.reader.count();
  }

  private edge(): Edge | null {
    if (this.reader.byte() === 0) return null;
    const timeMs = this.time();
    const product = this.text();
    return { timeMs, product, category: this.text() };
  }

  private timed(): TimedText[] {
    const items: TimedText[] = [];
    for (let left = this.reader.length(); left > 0; left--) {
      const timeMs = this.time();
      items.push({ timeMs, text: this.text() });
    }
    return items;
  }
}
