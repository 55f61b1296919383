import { formatMoney } from '@tillstream/core';
import type { CartLine } from '@tillstream/core';
import type { JsonMembers } from '../bytes/json-members';

/** A cart as records tell it: amounts as text. */
export function cartJson(cart: readonly CartLine[], moneyExponent: number): unknown {
  return cart.map(({ product, value }) => ({
    product,
    value: value === null ? null : formatMoney(value, moneyExponent),
  }));
}

/** What `cartJson` has made of a cart. */
export function cartFrom(json: JsonMembers, name: string): readonly CartLine[] {
  return json.objects(name).map((line) => ({ product: line.text('product'), value: line.moneyOrNull('value') }));
}
