import type { PlantedBug } from '../bug';

const DIRECTORY = 'libs/core/src/attribution';
const BOOK = `${DIRECTORY}/attribution-book.ts`;
const SLICE = `${DIRECTORY}/view-slice.ts`;
const BUFFER = `${DIRECTORY}/view-buffer.ts`;
const SPECS = [`${DIRECTORY}/attribution-book.spec.ts`];
const CHECKPOINT_SPECS = [`${DIRECTORY}/attribution-checkpoint.spec.ts`];

/** What becomes of views and purchases. */
export const attributingBugs: readonly PlantedBug[] = [
  {
    name: 'attribution-view-at-purchase',
    bug: 'a view at the very time of a purchase has led to it',
    patches: [
      { file: SLICE, find: '(times[view] as number) < before;', replace: '(times[view] as number) <= before;' },
      { file: BUFFER, find: 'this.startOf(timeMs - 1)', replace: 'this.startOf(timeMs)' },
    ],
    specs: SPECS,
  },
  {
    name: 'attribution-within-excluded',
    bug: 'a view exactly `within` before a purchase has not led to it',
    patches: [
      {
        file: SLICE,
        find: 'if ((times[view] as number) < from) return;',
        replace: 'if ((times[view] as number) <= from) return;',
      },
    ],
    specs: SPECS,
  },
  {
    name: 'attribution-decided-at-once',
    bug: 'a purchase is told when it comes, without the views that come behind it',
    patches: [{ file: BOOK, find: 'takeDue(this.watermarkMs)', replace: 'takeDue(Infinity)' }],
    specs: SPECS,
  },
  {
    name: 'attribution-late-view-dropped',
    bug: 'a late view is kept from purchases that are not decided',
    patches: [
      {
        file: BOOK,
        find: 'if (isFrom[row] === 1 && timeMs >= neededFromMs)',
        replace: 'if (isFrom[row] === 1 && !isLate && timeMs >= neededFromMs)',
      },
    ],
    specs: SPECS,
  },
  {
    name: 'attribution-texts-run-together',
    bug: 'what a view and its purchase have in common is compared as one text, wherever one value of it ends and the next begins',
    patches: [
      {
        file: `${DIRECTORY}/match-hash.ts`,
        find: 'this.view.setInt32(this.length, end - start, true);',
        replace: 'this.view.setInt32(this.length, 0, true);\n    this.length -= LENGTH_BYTES;',
      },
    ],
    specs: SPECS,
  },
  {
    name: 'attribution-truncated-unsaid',
    bug: 'nobody looks whether a purchase has more views than are told',
    patches: [
      {
        file: `${DIRECTORY}/found-views.ts`,
        find: 'return this.isTruncated;',
        replace: 'return this.count === this.maxMatches;',
      },
    ],
    specs: SPECS,
  },
  {
    name: 'attribution-cents-lost',
    bug: 'the shares of a revenue are rounded down, and do not add up to it',
    patches: [
      {
        file: `${DIRECTORY}/share-out.ts`,
        find: 'even + Math.sign(left) : even',
        replace: 'even : even',
      },
    ],
    specs: [`${DIRECTORY}/share-out.spec.ts`],
  },
  {
    name: 'attribution-rebuilt-in-part',
    bug: 'a rebuilt task tells purchases that it cannot know all views of',
    patches: [{ file: BOOK, find: ' && timeMs > this.completeFromMs', replace: '' }],
    specs: SPECS,
  },
  {
    name: 'attribution-views-dropped-early',
    bug: "views are forgotten when the time of their slice's begin has passed, not that of its end",
    patches: [
      {
        file: BUFFER,
        find: 'if (endMs + this.withinMs > watermarkMs) {',
        replace: 'if (slice.startMs + this.withinMs > watermarkMs) {',
      },
    ],
    specs: SPECS,
  },
  {
    name: 'attribution-purchases-not-saved',
    bug: 'a restored task does not know which purchases waited to be decided',
    patches: [{ file: BOOK, find: 'this.purchases.save(this.book, this.purchasesName);', replace: '' }],
    specs: CHECKPOINT_SPECS,
  },
  {
    name: 'attribution-views-restored-twice',
    bug: 'views that a checkpoint holds twice are told twice',
    patches: [
      {
        file: `${DIRECTORY}/view-codec.ts`,
        find: 'if (offset > through) slice.add',
        replace: 'slice.add',
      },
    ],
    specs: CHECKPOINT_SPECS,
  },
];
