import { until } from '../e2e/platform';
import type { Tally } from './clients';
import { finalDifferences } from './finals';
import type { Follower } from './follower';
import type { Load } from './load';
import { quantiles, type Report } from './report';
import type { Rig } from './rig';

const SETTLED_WITHIN_MS = 600_000;
const SHOWN = 5;

/** What has come of a load that was followed from its beginning; every window has been told to close. */
export interface Followed {
  readonly load: Load;
  readonly follower: Follower;
  readonly tally: Tally;
}

/** Waits for the results, stops the follower, and compares all that it has ever seen with what the load demands. */
export async function checkFollowed(rig: Rig, { load, follower, tally }: Followed, report: Report): Promise<void> {
  const wanted = load.ledger.finals();
  let differences: readonly string[] = ['nothing compared yet'];
  await until('the results to be right', SETTLED_WITHIN_MS, async () => {
    if (!(await follower.isAtEnd())) return false;
    differences = finalDifferences(wanted, follower.finals);
    return differences.length === 0;
  }).catch(() => undefined); // the differences tell more
  await follower.stop();

  const { numbers, repeated, changed } = follower;
  report.figure('handed in', tally.text);
  report.figure('a body was taken after', quantiles(tally.waits));
  report.figure('events that stand in raw more than once', String(repeated));
  const all = numbers.size === load.count;
  report.check(`each of ${load.count} acknowledged events was in raw`, all, `${numbers.size} were`);
  report.checkNone(`${wanted.size} final rows are exact`, differences);
  report.checkNone('no final ever changed', changed.slice(0, SHOWN));
  report.checkNone('no service told of an accident', rig.alarms);
}
