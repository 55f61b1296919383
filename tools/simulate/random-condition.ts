import type { SeededRandom } from '@tillstream/engine/testing';
import type { PlainRow, PlainValue } from '../oracle/raw-oracle';

/** A condition as a stream file has it, and in plain code. */
export interface RandomCondition {
  readonly text: string;
  readonly holds: (row: PlainRow) => boolean;
}

const MOST_DEPTH = 2;
const TYPES = ['page_view', 'add_to_cart', 'purchase', 'search'];
const CATEGORIES = ['books', 'audio', 'garden', 'toys'];

/** A condition over the shop's events. */
export function randomCondition(random: SeededRandom, depth = 0): RandomCondition {
  const inner = (): RandomCondition => randomCondition(random, depth + 1);
  switch (depth < MOST_DEPTH ? random.below(10) : random.below(7)) {
    case 0: {
      const type = random.pick(TYPES);
      return { text: `event_type == '${type}'`, holds: (row) => row['event_type'] === type };
    }
    case 1: {
      const [text, cents] = random.pick([
        ['9.99', 999n],
        ['100.00', 10_000n],
        ['0.00', 0n],
      ] as const);
      return { text: `price > ${text}`, holds: (row) => isThere(row['price']) && (row['price'] as bigint) > cents };
    }
    case 2: {
      const categories = CATEGORIES.filter(() => random.chance(0.5));
      if (categories.length === 0) return { text: 'category == null', holds: (row) => !isThere(row['category']) };
      const list = categories.map((category) => `'${category}'`).join(', ');
      return { text: `category in [${list}]`, holds: (row) => categories.includes(String(row['category'])) };
    }
    case 3: {
      const least = 1 + random.below(3);
      return { text: `quantity != ${least}`, holds: (row) => row['quantity'] !== least };
    }
    case 4: {
      const digit = String(random.below(9));
      if (random.chance(0.3)) {
        const pattern = random.pick(['^p', `${digit}$`, '[0-4]+$', `^(p|q)[0-9]*${digit}`]);
        const expression = new RegExp(pattern, 'u');
        return {
          text: `product_id.matches('${pattern}')`,
          holds: ({ product_id }) => expression.test(textOf(product_id)),
        };
      }
      return { text: `product_id.endsWith('${digit}')`, holds: (row) => textOf(row['product_id']).endsWith(digit) };
    }
    case 5:
      if (random.chance(0.5)) return { text: "page.kind == 'cart'", holds: (row) => row['page.kind'] === 'cart' };
      return { text: 'has(product_name)', holds: (row) => isThere(row['product_name']) };
    case 6: {
      const parts = 2 + random.below(3);
      return {
        text: `timestamp.getMinutes() % ${parts} == 0`,
        holds: (row) => new Date(row['timestamp'] as number).getUTCMinutes() % parts === 0,
      };
    }
    case 7: {
      const [left, right] = [inner(), inner()];
      return { text: `(${left.text} && ${right.text})`, holds: (row) => left.holds(row) && right.holds(row) };
    }
    case 8: {
      const [left, right] = [inner(), inner()];
      return { text: `(${left.text} || ${right.text})`, holds: (row) => left.holds(row) || right.holds(row) };
    }
    default: {
      const { text, holds } = inner();
      return { text: `!(${text})`, holds: (row) => !holds(row) };
    }
  }
}

function isThere(value: PlainValue | undefined): boolean {
  return value !== null && value !== undefined;
}

function textOf(value: PlainValue | undefined): string {
  return typeof value === 'string' ? value : '';
}
