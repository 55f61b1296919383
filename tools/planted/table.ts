import type { Finding } from './plant';

export const FIRST = '<!-- planted bugs: written by npm run planted -->';
export const LAST = '<!-- end of planted bugs -->';

/** Somebody noticed. */
export function isNoticed({ problem, tests }: Finding): boolean {
  return problem !== null || tests.length > 0;
}

/** The table of guarantees: a row for each bug, with who noticed it and after how much. */
export function tableOf(findings: readonly Finding[], lives: number): string {
  const byChance = findings.filter(({ problem }) => problem !== null).length;
  const directed = findings.filter(({ problem, tests }) => problem === null && tests.some(isDirected)).length;
  const bySpecs = findings.filter((finding) => isNoticed(finding)).length - byChance - directed;
  const missed = findings.length - byChance - directed - bySpecs;
  return [
    `${findings.length} bugs: ${byChance} are noticed by chance within ${lives} lives, ${directed} more by directed ` +
      `schedules, ${bySpecs} by specs alone${missed > 0 ? `, ${missed} by nobody` : ''}.`,
    '',
    '| bug | life | noticed by |',
    '| --- | --- | --- |',
    ...findings.map((finding) => `| ${finding.bug.bug} | ${lifeOf(finding)} | ${noticedBy(finding)} |`),
  ].join('\n');
}

/** A page with the table in its place. @throws Error for a page without the markers */
export function withTable(page: string, table: string): string {
  const from = page.indexOf(FIRST);
  const to = page.indexOf(LAST);
  if (from < 0 || to < from) throw new Error(`the page has no place for the table, between ${FIRST} and ${LAST}`);
  return `${page.slice(0, from + FIRST.length)}\n\n${table}\n\n${page.slice(to)}`;
}

function lifeOf({ lives, problem }: Finding): string {
  return problem === null ? '–' : String(lives);
}

function noticedBy({ bug, problem, tests }: Finding): string {
  const note = bug.note === undefined ? '' : `; ${bug.note}`;
  if (problem !== null) return `${kindOf(problem)}${note}`;
  const [first] = tests;
  if (first === undefined) return `nobody${note}`;
  const name = first.spec.slice(first.spec.lastIndexOf('/') + 1).replace(/\.spec\.ts$/, '');
  return `\`${name}\`: ${plain(first.name)}${note}`;
}

function isDirected({ spec }: { readonly spec: string }): boolean {
  return spec.startsWith('tools/simulate/');
}

/** What kind of difference it is, without its place: `missing final`, `final changed`. */
function kindOf(problem: string): string {
  return plain(problem.split(':')[0] ?? problem);
}

/** Without what would break a row of the table. */
function plain(text: string): string {
  return text.replaceAll('|', '/').replaceAll('\n', ' ');
}
