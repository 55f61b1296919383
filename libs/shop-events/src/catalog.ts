import { SeededRandom } from './random';

/** Something the shop sells. */
export interface Product {
  readonly id: string;
  readonly name: string;
  readonly category: string;
  readonly cents: number;
}

interface Shelf {
  readonly category: string;
  /** Share of the products, relative to the others. */
  readonly weight: number;
  readonly makers: readonly string[];
  readonly things: readonly string[];
  /** Cheapest and dearest, in major units. */
  readonly prices: readonly [number, number];
}

const SHELVES: readonly Shelf[] = [
  {
    category: 'electronics',
    weight: 5,
    makers: ['Nordlicht', 'Voltara', 'Kestrel', 'Onda'],
    things: ['Headphones', 'Smartphone', 'Tablet', 'Speaker', 'Camera', 'Smart Watch', 'Power Bank'],
    prices: [19, 1299],
  },
  {
    category: 'fashion',
    weight: 6,
    makers: ['Lindqvist', 'Marlow', 'Casa Verde', 'Pola'],
    things: ['Sneakers', 'Rain Jacket', 'Jeans', 'Wool Scarf', 'Backpack', 'T-Shirt', 'Sunglasses'],
    prices: [12, 240],
  },
  {
    category: 'home',
    weight: 4,
    makers: ['Hearthside', 'Kobo', 'Tessel', 'Ulmo'],
    things: ['Desk Lamp', 'Coffee Grinder', 'Throw Blanket', 'Cast Iron Pan', 'Bookshelf', 'Armchair'],
    prices: [9, 690],
  },
  {
    category: 'beauty',
    weight: 3,
    makers: ['Alba', 'Rosewater', 'Clearday'],
    things: ['Face Cream', 'Shampoo', 'Lip Balm', 'Perfume', 'Sunscreen'],
    prices: [4, 95],
  },
  {
    category: 'sports',
    weight: 3,
    makers: ['Summit', 'Tidewater', 'Ravel'],
    things: ['Yoga Mat', 'Running Shoes', 'Tent', 'Water Bottle', 'Bike Helmet', 'Dumbbells'],
    prices: [8, 420],
  },
  {
    category: 'books',
    weight: 4,
    makers: ['Harbour Press', 'Fennel & Co', 'Quarto'],
    things: ['Cookbook', 'Travel Guide', 'Mystery Novel', 'Poetry Collection', 'Field Guide'],
    prices: [6, 48],
  },
  {
    category: 'toys',
    weight: 2,
    makers: ['Bramble', 'Pip & Co', 'Wunder'],
    things: ['Building Blocks', 'Puzzle', 'Plush Bear', 'Board Game', 'Train Set'],
    prices: [7, 130],
  },
  {
    category: 'grocery',
    weight: 3,
    makers: ['Old Mill', 'Daily Harvest', 'Tierra'],
    things: ['Olive Oil', 'Coffee Beans', 'Honey', 'Dark Chocolate', 'Green Tea'],
    prices: [3, 28],
  },
];

/** The shop's products: the same for the same seed and count. Prices lean to the cheap end, as in a real shop. */
export function createCatalog(seed: number, products: number): readonly Product[] {
  const random = new SeededRandom(seed);
  return Array.from({ length: products }, (_, index) => {
    const shelf = SHELVES[random.weighted(SHELVES.map(({ weight }) => weight))] as Shelf;
    const [low, high] = shelf.prices;
    const units = Math.floor(low * (high / low) ** (random.next() ** 1.5));
    return {
      id: `prod_${String(index + 1).padStart(4, '0')}`,
      name: `${random.pick(shelf.makers)} ${random.pick(shelf.things)} ${100 + random.below(900)}`,
      category: shelf.category,
      cents: units * 100 + random.pick([0, 49, 90, 95, 99]),
    };
  });
}
