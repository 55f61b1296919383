import type { VerifyVisitsReport, VisitDifference } from '@tillstream/engine';
import { instant } from '../options/window-range';
import { table } from '../table';
import { plural } from '../words';

/** How many differences are shown. */
const SHOWN = 10;

/** What a verification of sessions and attributions has found, for people; empty where the stream has none. */
export function describeVisits({ visits, differences, unverified, verifiedFromMs }: VerifyVisitsReport): string {
  if (visits.length === 0 && unverified === null) return '';
  const rows = visits.map(({ of, compared, equal, counts }) => [of, compared, equal, wrongOf(counts)]);
  const lines = visits.length === 0 ? [] : [table(['told', 'compared', 'equal', 'wrong'], rows)];
  for (const difference of differences.slice(0, SHOWN)) lines.push(`  ${sentence(difference)}\n`);
  const more = visits.reduce((sum, { counts }) => sum + wrongOf(counts), 0) - SHOWN;
  if (more > 0) lines.push(`  … ${more} more; --json gives up to 1,000 of them.\n`);
  for (const { of, awaited, expired } of visits) {
    if (awaited > 0)
      lines.push(`Not compared: ${plural(awaited, 'record')} of ${of} that the service has not come to.\n`);
    if (expired > 0)
      lines.push(`Not compared: ${plural(expired, 'record')} of ${of} that have expired from their topic.\n`);
  }
  if (unverified !== null) {
    lines.push(
      verifiedFromMs === Infinity
        ? `No session or attribution could be verified: ${unverified}.\n`
        : `Only sessions that end, and purchases made, at ${instant(verifiedFromMs)} or later were verified: ${unverified}.\n`,
    );
  }
  return `\n${lines.join('')}`;
}

export function wrongOf({ differs, missing, surplus }: VerifyVisitsReport['visits'][number]['counts']): number {
  return differs + missing + surplus;
}

function sentence({ kind, of, id, partition, offset, first }: VisitDifference): string {
  const which = `${of} ${id}`;
  const place = offset === null ? `partition ${partition}` : `partition ${partition}, offset ${offset}`;
  switch (kind) {
    case 'differs':
      return first === null
        ? `${which}: stands there twice, and not the same (${place})`
        : `${which}: ${first.name} stands as ${first.standing}, raw gives ${first.recomputed} (${place})`;
    case 'missing':
      return `${which}: raw gives it, but it does not stand there (${place})`;
    case 'surplus':
      return `${which}: it stands there, but raw does not give it (${place})`;
  }
}
