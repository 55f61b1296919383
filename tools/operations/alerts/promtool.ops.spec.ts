import { spawnSync } from 'node:child_process';
import { findPrometheus } from '@tillstream/local';
import { RULES_FILE, RULE_TESTS_FILE } from './rules';

const programs = findPrometheus('rules of alerts on made-up numbers');
const itIfThere = programs ? it : it.skip;

/** What promtool says when it is content; fails with what it says when it is not. */
function promtool(...args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(programs!.promtool, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${stdout}${stderr}`);
  return stdout;
}

describe('what Prometheus is given', () => {
  itIfThere.each([
    ['a configuration that it takes', ['check', 'config', 'deploy/prometheus/prometheus.yml']],
    ['rules that it takes', ['check', 'rules', RULES_FILE]],
    ['rules that fire on their fault, and on no other', ['test', 'rules', RULE_TESTS_FILE]],
  ])('is %s', (_what, args) => {
    expect(promtool(...args)).toContain('SUCCESS');
  });
});
