import { formatProblems, parseStreamFile, type StreamDefinition } from '@tillstream/contracts';
import { plainCommerce } from './commerce-definition';
import { commerceText, withMetrics, withThreeMetrics } from './three-metrics';

function definitionOf(text: string): StreamDefinition {
  const parsed = parseStreamFile(text, { file: 'commerce.yaml' });
  if (!parsed.ok) throw new Error(formatProblems('commerce.yaml', parsed.problems));
  return parsed.definition;
}

describe('the shipped stream with three metrics', () => {
  const shipped = definitionOf(commerceText());
  const three = definitionOf(withThreeMetrics(commerceText()));

  it('has the first three of what ships, and those that the oracle has', () => {
    expect(three.metrics).toEqual(shipped.metrics.slice(0, 3));
    expect(three.metrics.map(({ name }) => name)).toEqual(Object.keys(plainCommerce.metrics));
  });

  it('is the same in all that is no metric', () => {
    const rest = ({ schema, topics, retention }: StreamDefinition) => ({ schema, topics, retention });
    expect(rest(three)).toEqual(rest(shipped));
  });

  it('leaves out others wherever they stand, and keeps what follows the metrics', () => {
    const more = '  zero:\n    window: { size: 1m }\n    measures: { events: count() }\n';
    const text = commerceText().replace(/^metrics:\n/m, (line) => `${line}${more}`);
    const stripped = withThreeMetrics(`${text}\ntopics: { raw: elsewhere }\n`);
    expect(definitionOf(stripped).metrics).toEqual(three.metrics);
    expect(definitionOf(stripped).topics.raw).toBe('elsewhere');
  });

  it('derives nothing from events', () => {
    const sections = 'sessions:\n  gap: 30m\n\n# Which views lead to purchases.\nattribution: { within: 30m }\n';
    const text = commerceText().replace(/^metrics:\n/m, (line) => `${sections}${line}`);
    expect(definitionOf(withThreeMetrics(text)).derived).toBeUndefined();
    expect(definitionOf(withMetrics(text, 'metrics: {}')).derived).toBeUndefined();
  });

  it('says which one is missing', () => {
    expect(() => withThreeMetrics('metrics:\n  revenue_by_category:\n')).toThrow(
      'commerce.yaml has no metric high_value_users, conversion_funnel',
    );
  });
});
