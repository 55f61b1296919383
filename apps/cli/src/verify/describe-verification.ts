import type { FinalDifference, VerifyReport } from '@tillstream/engine';
import type { MetricDefinition } from '@tillstream/core';
import { instant } from '../options/window-range';
import { table } from '../table';
import { plural } from '../words';

/** How many differences are shown. */
const SHOWN = 10;

/** What a verification has found, for people. */
export function describeVerification(report: VerifyReport, metrics: readonly MetricDefinition[]): string {
  const { counts, differences, byMetric, awaited, expired, unverified, verifiedFromMs } = report;
  const wrong = counts.differs + counts.missing + counts.surplus;
  const rows = metrics.map(({ name, identity }) => {
    const stand = byMetric.get(identity) ?? 0;
    return [name, identity.slice(identity.lastIndexOf('@') + 1), stand, ownDifferences(differences, identity)];
  });
  const lines = [table(['metric', 'definition', 'finals', 'wrong'], rows)];
  if (wrong > 0) {
    const [first] = differences;
    if (first) lines.push(`The first difference: ${sentence(first)}.\n`);
    const more = differences.slice(1, SHOWN).map((difference) => `  ${sentence(difference)}\n`);
    if (more.length > 0) lines.push(`Others:\n${more.join('')}`);
    if (wrong > SHOWN) lines.push(`  … ${wrong - SHOWN} more; --json gives up to 1,000 of them.\n`);
  }
  if (awaited > 0)
    lines.push(`Not compared: ${plural(awaited, 'final')} of windows that services have not closed yet.\n`);
  if (expired > 0) lines.push(`Not compared: ${plural(expired, 'final')} that have expired from the metrics topic.\n`);
  if (unverified !== null) {
    lines.push(
      verifiedFromMs === Infinity
        ? `Nothing could be verified: ${unverified}.\n`
        : `Only windows that begin at ${instant(verifiedFromMs)} or later were verified: ${unverified}.\n`,
    );
  }
  return lines.join('');
}

/** What is wrong with one final: metric, window, group, measure and both values. */
export function sentence({ kind, metric, startMs, group, first, partition, offset }: FinalDifference): string {
  const which = `${metric}, window ${Number.isFinite(startMs) ? instant(startMs) : '?'}, group ${groupText(group)}`;
  const place = offset === null ? `partition ${partition}` : `partition ${partition}, offset ${offset}`;
  switch (kind) {
    case 'differs':
      return `${which}: ${first?.name ?? 'the record'} stands as ${first?.standing ?? '?'}, raw gives ${first?.recomputed ?? '?'} (${place})`;
    case 'missing':
      return `${which}: raw gives it, but it does not stand there although its window is closed (${place})`;
    case 'surplus':
      return `${which}: it stands there, but raw does not give it (${place})`;
  }
}

export function groupText(group: FinalDifference['group']): string {
  const fields = Object.entries(group).map(
    ([name, value]) => `${name}=${typeof value === 'object' ? JSON.stringify(value) : String(value)}`,
  );
  return fields.length === 0 ? '(all)' : fields.join(', ');
}

function ownDifferences(differences: readonly FinalDifference[], identity: string): number {
  return differences.filter((difference) => difference.identity === identity).length;
}
