/**
 * A program that waits for something which nobody will ever do ends all the same, as soon as nothing is open any more, and
 * Node takes that for success. Here it is a failure that says so: every program must say how it ended, by
 * `process.exitCode` or `process.exit`.
 */
export function refuseSilentEnd() {
  process.once('beforeExit', () => {
    if (process.exitCode !== undefined) return;
    process.stderr.write('ended before it was done: what it was waiting for will never come\n');
    process.exitCode = 1;
  });
}
