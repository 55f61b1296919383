import { readFileSync } from 'node:fs';
import { parse } from 'yaml';

export const RULES_FILE = 'deploy/prometheus/alerts.yaml';
export const RULE_TESTS_FILE = 'deploy/prometheus/alerts.test.yaml';

/** One rule by which Prometheus alerts. */
export interface AlertRule {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** A file of rules, as Prometheus reads it. */
export interface RuleFile {
  readonly groups: readonly { readonly name: string; readonly rules: readonly AlertRule[] }[];
}

/** The rules that are shipped. */
export function shippedRules(): RuleFile {
  return parse(readFileSync(RULES_FILE, 'utf8')) as RuleFile;
}

/** All rules of all groups. */
export function rulesOf({ groups }: RuleFile): readonly AlertRule[] {
  return groups.flatMap(({ rules }) => rules);
}

const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** The same rules for a platform on which time passes `factor` times as fast: whatever they wait for or look back at is shorter. */
export function hurried({ groups }: RuleFile, factor: number): RuleFile {
  const shorter = (duration: string): string => {
    const [, amount = '0', unit = 's'] = /^(\d+)([smhd])$/.exec(duration) ?? [];
    return `${Math.max(1, Math.round((Number(amount) * (SECONDS[unit] ?? 1)) / factor))}s`;
  };
  return {
    groups: groups.map(({ name, rules }) => ({
      name,
      rules: rules.map((rule) => ({
        ...rule,
        expr: rule.expr.replace(/\[(\d+[smhd])\]/g, (_, duration: string) => `[${shorter(duration)}]`),
        ...(rule.for && { for: shorter(rule.for) }),
      })),
    })),
  };
}

/** Names of the metrics that an expression asks for. */
export function metricsIn(expr: string): readonly string[] {
  return [...new Set(expr.match(/\b(?:tillstream|nodejs|process)_[a-z0-9_]+/g) ?? [])];
}
