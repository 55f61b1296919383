import { recovery } from './recovery';
import type { Scenario } from './scenario';
import { stalledStore } from './stalled-store';

export type { Scenario, ScenarioReport } from './scenario';

/** What `npm run chaos -- --scenario NAME` can play. */
export const scenarios: readonly Scenario[] = [recovery, stalledStore];
