import { commerceDefinition, definitionFrom, smallStreamFile } from '../testing';
import type { ActualTopic } from './check-topic';
import { checkTopic } from './check-topic';
import { topicsOf } from './topic-names';
import type { TopicSpec } from './topic-specs';
import { topicSpecs } from './topic-specs';

const specOf = (role: string, replicationFactor = 3): TopicSpec => {
  const spec = topicSpecs(commerceDefinition(), replicationFactor).find((candidate) => candidate.role === role);
  if (spec === undefined) throw new Error(`no ${role}`);
  return spec;
};

/** A topic exactly as its spec asks for it. */
const asSpecified = ({ partitions, replicationFactor, configs }: TopicSpec): ActualTopic => ({
  partitions,
  replicationFactor,
  configs,
});

describe('topicsOf', () => {
  it('takes names that exist already, and derives the others from the stream', () => {
    expect(topicsOf('commerce', { raw: 'ecommerce-events' })).toMatchObject({
      raw: 'ecommerce-events',
      enriched: 'commerce.enriched.v1',
    });
  });
});

describe('topicSpecs', () => {
  it('lets the broker stamp raw records, and keeps the enricher’s stamps on enriched ones', () => {
    expect(specOf('raw').configs['message.timestamp.type']).toBe('LogAppendTime');
    expect(specOf('enriched').configs['message.timestamp.type']).toBe('CreateTime');
  });

  it('gives every topic the partitions of the stream, but gaps and definitions one', () => {
    const counts = topicSpecs(commerceDefinition(), 1).map(({ role, partitions }) => [role, partitions]);
    expect(counts).toEqual([
      ['raw', 4],
      ['enriched', 4],
      ['deadLetters', 4],
      ['late', 4],
      ['parts', 4],
      ['metrics', 4],
      ['alerts', 1],
      ['gaps', 1],
      ['definitions', 1],
      ['sessions', 4],
      ['sessionRows', 4],
      ['sessionParts', 4],
      ['attributions', 4],
      ['attributionRows', 4],
      ['attributionParts', 4],
    ]);
  });

  it('leaves room for the largest raw record, and for a batch twice as large', () => {
    const raw = Number(specOf('raw').configs['max.message.bytes']);
    expect(raw).toBeGreaterThan(1024 * 1024);
    expect(Number(specOf('enriched').configs['max.message.bytes'])).toBeGreaterThan(2 * raw);
  });

  it('compacts results and forgets them after the query retention', () => {
    expect(specOf('metrics').configs).toMatchObject({
      'cleanup.policy': 'compact,delete',
      'retention.ms': '691200000',
      'segment.ms': '600000',
    });
    expect(specOf('gaps').configs).toMatchObject({ 'cleanup.policy': 'compact' });
    expect(specOf('gaps').configs['retention.ms']).toBeUndefined();
  });

  it('asks for a second copy before an acknowledgement where there are three', () => {
    const insync = (replicas: number) => specOf('raw', replicas).configs['min.insync.replicas'];
    expect([1, 2, 3].map(insync)).toEqual(['1', '1', '2']);
    for (const { configs } of topicSpecs(commerceDefinition(), 3)) {
      expect(configs['unclean.leader.election.enable']).toBe('false');
    }
  });

  it('keeps each topic as long as the stream file says', () => {
    const text = `${smallStreamFile()}retention: {raw: 30d, parts: 48h, late: 2d}\n`;
    const kept = topicSpecs(definitionFrom(text), 1).map(({ role, configs }) => [role, configs['retention.ms']]);
    expect(Object.fromEntries(kept)).toMatchObject({ raw: '2592000000', parts: '172800000', late: '172800000' });
  });
});

describe('checkTopic', () => {
  it.each(['raw', 'enriched', 'deadLetters', 'late', 'parts', 'metrics', 'gaps'])(
    'finds nothing wrong with a %s topic that is as specified',
    (role) => {
      expect(checkTopic(specOf(role), asSpecified(specOf(role)))).toEqual([]);
    },
  );

  it('says how to create a topic that does not exist', () => {
    expect(checkTopic(specOf('raw'), null)).toEqual([
      {
        topic: 'commerce.raw.v1',
        setting: 'topic',
        message: 'topic commerce.raw.v1 does not exist: run `till topics --fix`',
        severity: 'stop',
        fixable: true,
      },
    ]);
  });

  it('stops for another partition count, which nothing can change', () => {
    const [problem, ...others] = checkTopic(specOf('raw'), { ...asSpecified(specOf('raw')), partitions: 8 });
    expect(others).toEqual([]);
    expect(problem).toMatchObject({ setting: 'partitions', severity: 'stop', fixable: false });
    expect(problem?.message).toBe(
      'topic commerce.raw.v1: partition count 8, stream file says 4: the count of a topic never changes once it holds ' +
        'events; set the stream file to 8, or name a new topic under `topics:`',
    );
  });

  it.each([
    ['message.timestamp.type', 'CreateTime', 'stop', 'must be LogAppendTime (times would be the wrong ones)'],
    ['unclean.leader.election.enable', 'true', 'stop', 'must be false (acknowledged records could be lost)'],
    ['min.insync.replicas', '1', 'stop', 'must be at least 2 (acknowledged records could be lost)'],
    ['cleanup.policy', 'compact', 'stop', 'must be delete (records would be deleted or kept that must not be)'],
    ['max.message.bytes', '1000', 'stop', 'must be at least 1114112 (records allowed elsewhere would be refused)'],
    ['retention.ms', '1000', 'warn', 'must be at least 604800000 (records go earlier than the stream file says)'],
    ['retention.bytes', '1000', 'warn', 'must be unlimited (records go earlier than the stream file says)'],
  ])('says what is wrong with %s=%s and how to put it right', (setting, value, severity, message) => {
    const spec = specOf('raw');
    const problems = checkTopic(spec, { ...asSpecified(spec), configs: { ...spec.configs, [setting]: value } });
    expect(problems).toEqual([
      {
        topic: 'commerce.raw.v1',
        setting,
        message: `topic commerce.raw.v1: ${setting} is ${value}, ${message}: run \`till topics --fix\``,
        severity,
        fixable: true,
      },
    ]);
  });

  it('does not mind what goes beyond the spec, other settings, or the order of policies', () => {
    const spec = specOf('metrics');
    const configs = {
      ...spec.configs,
      'cleanup.policy': 'delete, compact',
      'retention.ms': '-1',
      'max.message.bytes': '99999999',
      'segment.ms': '1000',
      'flush.ms': '1',
    };
    expect(checkTopic(spec, { partitions: 4, replicationFactor: 5, configs })).toEqual([]);
  });

  it('warns of too few replicas once, and does not ask them for more copies than there are', () => {
    const configs = { ...specOf('raw').configs, 'min.insync.replicas': '1' };
    const problems = checkTopic(specOf('raw', 3), { partitions: 4, replicationFactor: 1, configs });
    expect(problems.map(({ setting, severity }) => [setting, severity])).toEqual([['replication', 'warn']]);
  });
});
