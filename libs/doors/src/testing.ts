export { aKey, ringOf } from './testing/keys';
