export { openStore, type LocalStore } from './open-store';
export { RedisProxy } from './redis-proxy';
export { storeFaults } from './store-faults';
