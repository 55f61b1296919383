import { Report } from '../report';
import type { OwnServers } from '../../rig/own-servers';
import { fullTopic } from './full-topic';
import { idleConnections } from './idle-connections';
import { largeEvents } from './large-events';
import type { Extreme } from './scenario';
import { manyCategories, manyUsers, oneUser } from './shapes';
import { slowReaders } from './slow-readers';

export const EXTREMES: readonly Extreme[] = [
  oneUser,
  manyUsers,
  manyCategories,
  largeEvents,
  idleConnections,
  slowReaders,
  fullTopic,
];

/** Runs the named extremes one after the other, all of them when none is named; returns what did not hold. */
export async function extremes(
  names: readonly string[],
  share: number,
  servers?: OwnServers,
): Promise<readonly string[]> {
  const unknown = names.find((name) => !EXTREMES.some((extreme) => extreme.name === name));
  if (unknown !== undefined)
    throw new Error(`there is no extreme ${unknown}: ${EXTREMES.map(({ name }) => name).join(', ')}`);
  const problems: string[] = [];
  for (const extreme of EXTREMES) {
    if (names.length > 0 && !names.includes(extreme.name)) continue;
    const report = new Report(`${extreme.name}: ${extreme.about}${share === 1 ? '' : `, ${share} of it`}`);
    await extreme.run(report, share, servers);
    problems.push(...report.problems);
  }
  return problems;
}
