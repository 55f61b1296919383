import { definitionFrom, smallStreamFile } from '../testing';
import { changeOf } from '../definitions/definition-change';
import { keptName, lakeBelow, streamsOf } from './stream-definition';

const first = definitionFrom(smallStreamFile());
const second = definitionFrom(smallStreamFile().replace(/^stream: .*$/m, '$&\ngeneration: 2'));

describe('another generation of a stream', () => {
  const { stream } = first.schema;

  it('has the name of the stream, and topics of its own', () => {
    expect(first.generation).toBe(1);
    expect(second.schema.stream).toBe(stream);
    expect(second.topics.raw).toBe(`${stream}.raw.v2`);
    const shared = Object.values(second.topics).filter((topic) => Object.values(first.topics).includes(topic));
    expect(shared).toEqual([]);
    expect(second.sha256).not.toBe(first.sha256);
  });

  it('has checkpoints, group offsets and a lake of its own; those of the first are where they have always been', () => {
    expect([first, second].map(keptName)).toEqual([stream, `${stream}.v2`]);
    expect(streamsOf(second).every((derived) => keptName(derived).endsWith('.v2'))).toBe(true);
    expect(lakeBelow('s3://lake/shop/', first)).toBe('s3://lake/shop/');
    expect(lakeBelow('s3://lake/shop/', second)).toBe('s3://lake/shop/v2');
  });

  it('is not made by putting a file live', () => {
    const [problem] = changeOf(first, second).problems;
    expect(problem).toMatch(/^`generation` is 1, not 2: it cannot be changed/);
  });
});
