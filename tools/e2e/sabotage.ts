import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { HEADER, headerBytes } from '@tillstream/contracts';
import type { NewRecord } from '@tillstream/engine';

const MARK = 'nobody survives this';
/** There is no record known that a service does not survive, so one is made: splitting this text fails. */
const SABOTAGE = `const { split } = String.prototype;
String.prototype.split = function (...how) {
  if (String(this) === ${JSON.stringify(MARK)}) throw new Error('poison');
  return split.apply(this, how);
};
`;

/** A raw record that kills an enricher which was started with `sabotaged`. */
export const POISON: NewRecord = {
  key: null,
  value: new TextEncoder().encode('{}'),
  headers: { [HEADER.rerouted]: headerBytes(MARK) },
};

/** The environment of services for which `POISON` is one. @param directory for a file that they load */
export function sabotaged(directory: string): Readonly<Record<string, string>> {
  const preload = join(directory, 'sabotage.cjs');
  writeFileSync(preload, SABOTAGE);
  return { NODE_OPTIONS: `--require ${preload}` };
}
