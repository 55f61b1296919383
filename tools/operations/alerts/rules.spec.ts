import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { RULE_TESTS_FILE, hurried, rulesOf, shippedRules } from './rules';

const rules = rulesOf(shippedRules());
const page = readFileSync('docs/alerts.md', 'utf8');

/** Sections of the page by heading. */
const sections = new Map(
  page
    .split(/^### /m)
    .slice(1)
    .map((section) => [section.slice(0, section.indexOf('\n')), section.slice(section.indexOf('\n')).trim()]),
);

describe('the rules by which Prometheus alerts', () => {
  it.each(rules.map((rule) => [rule.alert, rule] as const))(
    '%s says how urgent it is, what is wrong, where to read on, and there what to type or to look at',
    (alert, rule) => {
      expect(alert).toMatch(/^Tillstream[A-Z]\w+$/);
      expect(['critical', 'warning']).toContain(rule.labels['severity']);
      expect(Object.keys(rule.annotations).sort()).toEqual(['description', 'runbook_url', 'summary']);
      expect(rule.annotations['runbook_url']).toBe(`docs/alerts.md#${alert.toLowerCase()}`);
      expect(sections.get(alert)).toMatch(new RegExp(`^\\*\\*${rule.labels['severity']}\\.\\*\\* \\S`));
      // A command, a number, a setting, or the page that has them.
      expect(sections.get(alert)).toMatch(/`[^`]+`|\]\(/);
    },
  );

  it('are told of on the page, and nothing else is', () => {
    expect([...sections.keys()]).toEqual(rules.map(({ alert }) => alert));
  });

  it('each have a test in which they fire', () => {
    const { tests } = parse(readFileSync(RULE_TESTS_FILE, 'utf8')) as {
      tests: { promql_expr_test: { exp_samples: { labels: string }[] }[] }[];
    };
    const samples = tests.flatMap((test) => test.promql_expr_test.flatMap(({ exp_samples: expected }) => expected));
    const fired = new Set(samples.map(({ labels }) => /alertname="(\w+)"/.exec(labels)?.[1]));
    expect(rules.map(({ alert }) => alert).filter((alert) => !fired.has(alert))).toEqual([]);
  });

  it('can be hurried for a run that takes minutes', () => {
    const file = {
      groups: [
        { name: 'g', rules: [{ alert: 'A', expr: 'rate(x[5m]) > 0.1', for: '10m', labels: {}, annotations: {} }] },
      ],
    };
    expect(rulesOf(hurried(file, 30))).toMatchObject([{ expr: 'rate(x[10s]) > 0.1', for: '20s' }]);
  });
});
