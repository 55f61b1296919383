import type { PlantedBug } from '../bug';

const LIFE = 'libs/core/src/metrics/metric-life.ts';
const REDEFINITION_SPEC = 'libs/core/src/metrics/redefinition.spec.ts';
const ENRICHER_SPEC = 'libs/core/src/enrich/raw-enricher.spec.ts';
const MERGE_SPEC = 'libs/core/src/metrics/merge/window-merge.spec.ts';

/** Another stream file is put live while events come. */
export const definitionBugs: readonly PlantedBug[] = [
  {
    name: 'new-metric-whole',
    bug: 'a metric that is new tells windows that had rows before it was declared',
    patches: [
      {
        file: LIFE,
        find: 'const knownFromMs = position.maxEventTimeMs + 1;',
        replace: 'const knownFromMs = position.maxEventTimeMs - 600_000;',
      },
    ],
    specs: [REDEFINITION_SPEC],
  },
  {
    name: 'removed-metric-dropped',
    bug: 'the open windows of a metric that was removed are forgotten',
    patches: [
      {
        file: LIFE,
        find: 'goingOn.filter((life) => !hasRunOut(life, position.watermarkInputMs))',
        replace: 'goingOn.filter(({ span }) => span.fromMs > -Infinity)',
      },
    ],
    specs: [REDEFINITION_SPEC],
  },
  {
    name: 'batch-over-definitions',
    bug: 'rows behind a change are read under the stream file from before it',
    patches: [
      {
        file: 'libs/core/src/enrich/raw-enricher.ts',
        find: 'if (this.isSuperseded) return consumed + 1;',
        replace: '',
      },
    ],
    specs: [ENRICHER_SPEC],
  },
  {
    name: 'merge-without-spans',
    bug: 'a merged window of a new metric is told although one partition has only a part of it',
    patches: [
      {
        file: 'libs/core/src/metrics/merge/window-merge.ts',
        find: 'ofTotal ? !isCounting(span) : !spans(span, startMs)',
        replace: 'ofTotal ? !isCounting(span) : spans(span, startMs) && !spans(span, startMs)',
      },
    ],
    specs: [MERGE_SPEC],
  },
  {
    name: 'rebuild-behind-change',
    bug: 'a rebuild starts behind the record of a change that the frontier before it does not know of',
    patches: [
      {
        file: 'libs/engine/src/aggregator/rebuild.ts',
        find: '(rawFrom === published.rawNext && before.definition === published.definition)',
        replace: 'rawFrom === published.rawNext',
      },
    ],
    specs: ['libs/engine/src/aggregator/rebuild.spec.ts'],
  },
];
