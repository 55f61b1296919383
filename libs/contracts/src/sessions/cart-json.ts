import type { CartLine } from '@tillstream/core';
import type { JsonMembers } from '../bytes/json-members';
import type { RecordsWriter } from '../bytes/records-writer';

/** Writes a cart as a list of its products with their values. */
export function writeCart(json: RecordsWriter, label: string, cart: readonly CartLine[]): void {
  json.ascii(label);
  cart.forEach(({ product, value }, i) => {
    json.text(i === 0 ? '[{"product":' : ',{"product":', product);
    json.money(',"value":', value ?? NaN);
    json.ascii('}');
  });
  json.ascii(cart.length === 0 ? '[]' : ']');
}

/** What `writeCart` has made of a cart. */
export function cartFrom(json: JsonMembers, name: string): readonly CartLine[] {
  return json.objects(name).map((line) => ({ product: line.text('product'), value: line.moneyOrNull('value') }));
}
