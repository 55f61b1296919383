import { sortFindings, type Finding } from './finding';

/** What was looked at, and how it is in a few words. */
export interface Part {
  readonly name: string;
  readonly state: string;
}

/** For people: what was looked at, how it is, and what to do, the worst first. */
export function reportText(parts: readonly Part[], findings: readonly Finding[]): string {
  const width = Math.max(...parts.map(({ name }) => name.length));
  const lines = parts.map(({ name, state }) => `${name.padEnd(width)}  ${state}`);
  for (const { severity, about, what, remedy } of sortFindings(findings)) {
    lines.push('', `${severity.toUpperCase()}  ${about} ${what}`, `  → ${remedy}`);
  }
  lines.push('', verdict(findings));
  return `${lines.join('\n')}\n`;
}

function verdict(findings: readonly Finding[]): string {
  const count = (severity: Finding['severity'], word: string): string[] => {
    const found = findings.filter((finding) => finding.severity === severity).length;
    return found === 0 ? [] : [`${found} ${word}${found === 1 ? '' : 's'}`];
  };
  const counts = [...count('problem', 'problem'), ...count('warning', 'warning'), ...count('note', 'note')];
  return counts.length === 0 ? 'Nothing is wrong.' : `${counts.join(', ')}.`;
}
