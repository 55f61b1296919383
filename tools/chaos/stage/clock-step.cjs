/**
 * Loaded into a service before its own code: lets its `Date` be put wrong while it runs, and its live memory be measured.
 * A signal says that the file named by CHAOS_ORDERS holds something new; the answer goes to the file beside it.
 */
const { existsSync, readFileSync, renameSync, writeFileSync } = require('node:fs');
const v8 = require('node:v8');
const vm = require('node:vm');

const orders = process.env['CHAOS_ORDERS'];
const RealDate = Date;
let stepMs = 0;

class SteppedDate extends RealDate {
  /** @param {unknown[]} args */
  constructor(...args) {
    if (args.length === 0) super(RealDate.now() + stepMs);
    else super(.../** @type {[number]} */ (args));
  }

  static now() {
    return RealDate.now() + stepMs;
  }
}

/** @returns {number} bytes that a full collection of the heap leaves */
function liveBytes() {
  v8.setFlagsFromString('--expose-gc');
  const collect = /** @type {() => void} */ (vm.runInNewContext('gc'));
  collect();
  collect(); // the memory behind buffers goes with the second one
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

if (orders !== undefined) {
  // A clock that was wrong before the process died is wrong after its restart too.
  if (existsSync(orders)) stepMs = JSON.parse(readFileSync(orders, 'utf8')).byMs;
  globalThis.Date = /** @type {DateConstructor} */ (/** @type {unknown} */ (SteppedDate));
  process.on('SIGUSR2', () => {
    const { id, byMs } = JSON.parse(readFileSync(orders, 'utf8'));
    stepMs = byMs;
    // Whole or not at all: the other side reads it again and again.
    writeFileSync(`${orders}.new`, JSON.stringify({ id, liveBytes: liveBytes() }));
    renameSync(`${orders}.new`, `${orders}.answer`);
  });
}
