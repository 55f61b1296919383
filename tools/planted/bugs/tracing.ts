import type { PlantedBug } from '../bug';

const TRACING = 'libs/adapters/telemetry/src/tracing';

/** Bugs in what traces tell, and in what they do to what is traced. */
export const tracingBugs: readonly PlantedBug[] = [
  {
    name: 'headers-in-the-place-of-records',
    bug: 'a record that is given headers loses the value that it has in a buffer with others',
    patches: [
      {
        file: 'libs/engine/src/task/with-headers.ts',
        find: '  const said = { key, value, headers: {',
        replace: '  const said = { ...first, headers: {',
      },
    ],
    specs: ['libs/engine/src/task/with-headers.spec.ts'],
  },
  {
    name: 'windows-lead-to-the-newest-batch',
    bug: 'the trace of a window that has closed leads to the batch that has closed it, not to those that fed it',
    patches: [
      {
        file: 'libs/engine/src/task/behalf.ts',
        find: 'if (this.closingsLeft === 0) return this.headers;',
        replace: 'if (this.closingsLeft >= 0) return this.headers;',
      },
    ],
    specs: ['libs/engine/src/task/behalf.spec.ts'],
  },
  {
    name: 'every-closing-is-traced',
    bug: 'a task that catches up tells in a span of each of the thousands of windows that it closes',
    patches: [{ file: 'libs/engine/src/task/behalf.ts', find: '    this.closingsLeft -= 1;\n', replace: '' }],
    specs: ['libs/engine/src/task/behalf.spec.ts'],
  },
  {
    name: 'failures-are-not-kept',
    bug: 'what fails is traced no more often than what does not',
    patches: [
      { file: `${TRACING}/kept-spans.ts`, find: '  if (left < 1) return;', replace: '  if (left >= 0) return;' },
    ],
    specs: [`${TRACING}/tracing.spec.ts`],
  },
  {
    name: 'failures-are-all-kept',
    bug: 'where everything fails a trace is sent of each failure',
    patches: [{ file: `${TRACING}/kept-spans.ts`, find: '  left -= 1;\n', replace: '' }],
    specs: [`${TRACING}/tracing.spec.ts`],
  },
];
