import type { Feed } from '@tillstream/contracts';
import type { RefusedRow } from '../ports/sink';
import { StopPartitionError } from '../task/stop-partition';

/** Until there is a topic for them, a row that is refused stops its partition. */
export function refuseToPass(task: string, feed: Feed, [refused]: readonly RefusedRow[]): never {
  throw new StopPartitionError('sink-refused', task, `a row of ${feed} was refused: ${refused?.reason}`);
}
