import { readFileSync } from 'node:fs';
import type { ServiceProcess } from '../stage/service-process';

/** What must never stand in the log of a service, whatever happens to its servers. */
const NEVER = [
  /"level":"fatal"/,
  /unhandled_?rejection/i,
  /uncaught_?exception/i,
  /MaxListenersExceededWarning/, // listeners that gather are memory that is not given back
  /JavaScript heap out of memory/,
  /"(?:TypeError|ReferenceError|RangeError|SyntaxError)"/, // a mistake of the program's own, not of the world
  /\b(?:TypeError|ReferenceError|RangeError): /,
];

/** Lines of the services' logs that tell of a mistake, and processes that ended although nobody had ended them. */
export function mistakesIn(
  slots: readonly Pick<ServiceProcess, 'name' | 'logFile' | 'unexplainedEnds'>[],
): readonly string[] {
  return slots.flatMap((slot) => [
    ...slot.unexplainedEnds,
    ...readFileSync(slot.logFile, 'utf8')
      .split('\n')
      .filter((line) => NEVER.some((pattern) => pattern.test(line)))
      .map((line) => `${slot.name} says: ${line.slice(0, 400)}`),
  ]);
}
