import type { Report } from '../report';
import type { OwnServers } from '../../rig/own-servers';

/** One way of being extreme, with an answer that is known. */
export interface Extreme {
  /** As it is called on the command line. */
  readonly name: string;
  readonly about: string;
  /**
   * @param share of the full size, from 0 to 1: a short run does the same with less
   * @param servers to run on; default: its own
   */
  run(report: Report, share: number, servers?: OwnServers): Promise<void>;
}
