import type { TopicSpec } from './topic-specs';

/** A topic as the broker describes it. */
export interface ActualTopic {
  readonly partitions: number;
  readonly replicationFactor: number;
  /** Settings in force, defaults included. */
  readonly configs: Readonly<Record<string, string>>;
}

/** Something about a topic that is not as it must be, with what to do about it. */
export interface TopicProblem {
  readonly topic: string;
  /** The setting's name; `partitions`, `replication` or `topic` for what is not a setting. */
  readonly setting: string;
  readonly message: string;
  /** `stop`: numbers could be wrong, services refuse to start. `warn`: less is kept or survives than was asked for. */
  readonly severity: 'stop' | 'warn';
  /** Whether `till topics --fix` can put it right. */
  readonly fixable: boolean;
}

interface Rule {
  readonly severity: TopicProblem['severity'];
  /** A sentence's end: what the wrong setting would do. */
  readonly otherwise: string;
  readonly holds: (actual: string, wanted: string) => boolean;
}

const FIX = 'run `till topics --fix`';

const same = (actual: string, wanted: string) => actual === wanted;
const sameSet = (actual: string, wanted: string) => sorted(actual) === sorted(wanted);
const sorted = (list: string) =>
  list
    .split(',')
    .map((item) => item.trim())
    .sort()
    .join(',');
const atLeast = (actual: string, wanted: string) => Number(actual) >= Number(wanted);
const atMost = (actual: string, wanted: string) => Number(actual) <= Number(wanted);
/** -1 is for ever. */
const keptAtLeast = (actual: string, wanted: string) =>
  Number(actual) < 0 || (Number(wanted) >= 0 && Number(actual) >= Number(wanted));

/** Settings that are compared; others may be what their owner likes. */
const RULES: Readonly<Record<string, Rule>> = {
  'message.timestamp.type': { severity: 'stop', otherwise: 'times would be the wrong ones', holds: same },
  'unclean.leader.election.enable': {
    severity: 'stop',
    otherwise: 'acknowledged records could be lost',
    holds: same,
  },
  'min.insync.replicas': { severity: 'stop', otherwise: 'acknowledged records could be lost', holds: atLeast },
  'cleanup.policy': {
    severity: 'stop',
    otherwise: 'records would be deleted or kept that must not be',
    holds: sameSet,
  },
  'max.message.bytes': { severity: 'stop', otherwise: 'records allowed elsewhere would be refused', holds: atLeast },
  'retention.ms': { severity: 'warn', otherwise: 'records go earlier than the stream file says', holds: keptAtLeast },
  'retention.bytes': {
    severity: 'warn',
    otherwise: 'records go earlier than the stream file says',
    holds: keptAtLeast,
  },
  'segment.ms': { severity: 'warn', otherwise: 'what has been replaced is read again and again', holds: atMost },
};

/**
 * Compares a topic with what it must be. Larger limits and longer retention than asked for are no problem.
 *
 * @param actual null: the topic does not exist
 * @returns every problem, each with its remedy; empty when the topic is right
 */
export function checkTopic(spec: TopicSpec, actual: ActualTopic | null): readonly TopicProblem[] {
  if (actual === null) {
    const message = `topic ${spec.name} does not exist: ${FIX}`;
    return [{ topic: spec.name, setting: 'topic', message, severity: 'stop', fixable: true }];
  }
  return [...checkLayout(spec, actual), ...checkConfigs(spec, actual)];
}

function checkLayout(spec: TopicSpec, actual: ActualTopic): TopicProblem[] {
  const problems: TopicProblem[] = [];
  if (actual.partitions !== spec.partitions) {
    problems.push({
      topic: spec.name,
      setting: 'partitions',
      message:
        `topic ${spec.name}: partition count ${actual.partitions}, stream file says ${spec.partitions}: ` +
        `the count of a topic never changes once it holds events; set the stream file to ${actual.partitions}, ` +
        'or name a new topic under `topics:`',
      severity: 'stop',
      fixable: false,
    });
  }
  if (actual.replicationFactor < spec.replicationFactor) {
    problems.push({
      topic: spec.name,
      setting: 'replication',
      message:
        `topic ${spec.name}: replication factor ${actual.replicationFactor}, ${spec.replicationFactor} wanted: ` +
        'a lost broker takes records with it; reassign the replicas with kafka-reassign-partitions',
      severity: 'warn',
      fixable: false,
    });
  }
  return problems;
}

function checkConfigs(spec: TopicSpec, actual: ActualTopic): TopicProblem[] {
  const problems: TopicProblem[] = [];
  // A topic with fewer replicas than wanted (reported already) cannot satisfy a higher min.insync.replicas either.
  const insync = Math.min(Number(spec.configs['min.insync.replicas'] ?? 1), actual.replicationFactor >= 3 ? 2 : 1);
  const wantedConfigs = { ...spec.configs, 'min.insync.replicas': String(insync) };
  for (const [setting, wanted] of Object.entries(wantedConfigs)) {
    const rule = RULES[setting];
    const value = actual.configs[setting];
    if (rule === undefined || value === undefined || rule.holds(value, wanted)) continue;
    problems.push({
      topic: spec.name,
      setting,
      message: `topic ${spec.name}: ${setting} is ${value}, must be ${expected(rule, wanted)} (${rule.otherwise}): ${FIX}`,
      severity: rule.severity,
      fixable: true,
    });
  }
  return problems;
}

function expected(rule: Rule, wanted: string): string {
  if (rule.holds === atLeast || rule.holds === keptAtLeast)
    return Number(wanted) < 0 ? 'unlimited' : `at least ${wanted}`;
  return rule.holds === atMost ? `at most ${wanted}` : wanted;
}
