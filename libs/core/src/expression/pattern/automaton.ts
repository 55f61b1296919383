import type { Pattern } from './pattern';
import { PatternError } from './pattern';
import type { ByteRange } from './utf8-ranges';
import { utf8Sequences } from './utf8-ranges';

const MAX_STATES = 3000;
const TOO_LARGE = 'is too large: fewer and shorter repetitions would do';

/** A state of a machine that reads bytes, and may be in several states at once. */
export type State =
  | { readonly kind: 'byte'; readonly range: ByteRange; readonly next: number }
  | { readonly kind: 'either'; next: readonly number[] }
  | { readonly kind: 'begin' | 'end'; readonly next: number }
  | { readonly kind: 'match' };

/** The states of a pattern; it begins in the last one. The first one is its match. */
export function statesOf(pattern: Pattern): readonly State[] {
  const builder = new Builder();
  builder.either([builder.add(pattern, 0)]);
  return builder.states;
}

/** Builds from behind: a state knows what follows it. */
class Builder {
  readonly states: State[] = [{ kind: 'match' }];

  /** Adds a pattern that is followed by a state; returns where it begins. */
  add(pattern: Pattern, next: number): number {
    switch (pattern.kind) {
      case 'empty':
        return next;
      case 'class': {
        const sequences = pattern.ranges.flatMap(utf8Sequences);
        return this.either(
          sequences.map((sequence) =>
            sequence.reduceRight((behind, range) => this.push({ kind: 'byte', range, next: behind }), next),
          ),
        );
      }
      case 'sequence':
        return pattern.parts.reduceRight((behind, part) => this.add(part, behind), next);
      case 'either':
        return this.either(pattern.parts.map((part) => this.add(part, next)));
      case 'repeat':
        return this.repeat(pattern, next);
      case 'begin':
      case 'end':
        return this.push({ kind: pattern.kind, next });
    }
  }

  either(next: readonly number[]): number {
    return this.push({ kind: 'either', next });
  }

  private repeat({ part, min, max }: Extract<Pattern, { kind: 'repeat' }>, next: number): number {
    let begin = next;
    if (max === Infinity) {
      const again: State = { kind: 'either', next: [] };
      begin = this.push(again);
      again.next = [this.add(part, begin), next];
    } else {
      for (let i = min; i < max; i++) begin = this.either([this.add(part, begin), next]);
    }
    for (let i = 0; i < min; i++) begin = this.add(part, begin);
    return begin;
  }

  private push(state: State): number {
    if (this.states.length >= MAX_STATES) throw new PatternError(0, TOO_LARGE);
    return this.states.push(state) - 1;
  }
}
