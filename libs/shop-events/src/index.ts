export { BAD_KINDS, type BadKind } from './bad-rows';
export { SeededRandom } from './random';
export { EVENT_TYPES, eventJson, type EventType, type ShopEvent } from './shop-event';
export { PLAIN_SHOP, type ShopRow, type ShopRowOptions, ShopRows, shopRows } from './shop-rows';
export { UNIFORM } from './uniform-events';
