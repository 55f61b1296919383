import type { PlantedBug } from '../bug';
import { backfillingBugs } from './backfilling';
import { alertingBugs } from './alerting';
import { askingBugs } from './asking';
import { attributingBugs } from './attributing';
import { chainBugs } from './chain';
import { checkpointBugs } from './checkpoints';
import { comparingBugs } from './comparing';
import { connectingBugs } from './connecting';
import { declaringBugs } from './declaring';
import { definitionBugs } from './definitions';
import { derivedBugs } from './derived';
import { enrichingBugs } from './enriching';
import { explainingBugs } from './explaining';
import { feedBugs } from './feeds';
import { lakeWritingBugs } from './lake-writing';
import { keepingBugs } from './keeping';
import { mergingBugs } from './merging';
import { openingBugs } from './opening';
import { publishingBugs } from './publishing';
import { queryingBugs } from './querying';
import { reachingBugs } from './reaching';
import { repartitioningBugs } from './repartitioning';
import { restoringBugs } from './restoring';
import { relationalBugs } from './relational';
import { searchingBugs } from './searching';
import { stoppingBugs } from './stopping';
import { storingBugs } from './storing';
import { sessionBugs } from './sessions';
import { tracingBugs } from './tracing';
import { trackingBugs } from './tracking';
import { totalBugs } from './totals';
import { verifyingBugs } from './verifying';
import { visitBugs } from './visits';
import { windowBugs } from './windows';

/** Every bug that is planted, one at a time, in the order of the table. */
export const plantedBugs: readonly PlantedBug[] = [
  ...publishingBugs,
  ...queryingBugs,
  ...chainBugs,
  ...enrichingBugs,
  ...windowBugs,
  ...sessionBugs,
  ...visitBugs,
  ...attributingBugs,
  ...totalBugs,
  ...mergingBugs,
  ...checkpointBugs,
  ...definitionBugs,
  ...declaringBugs,
  ...verifyingBugs,
  ...explainingBugs,
  ...backfillingBugs,
  ...comparingBugs,
  ...connectingBugs,
  ...alertingBugs,
  ...derivedBugs,
  ...askingBugs,
  ...trackingBugs,
  ...keepingBugs,
  ...feedBugs,
  ...lakeWritingBugs,
  ...searchingBugs,
  ...restoringBugs,
  ...relationalBugs,
  ...storingBugs,
  ...openingBugs,
  ...reachingBugs,
  ...stoppingBugs,
  ...repartitioningBugs,
  ...tracingBugs,
];
