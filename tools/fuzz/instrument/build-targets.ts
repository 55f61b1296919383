import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { transformSync, types } from '@babel/core';
import { build, type Plugin, transform } from 'esbuild';

import { BUNDLING } from '../../build/bundling.mjs';
import { ALLOCATE, coveragePlugin, EDGES, type InstrumentedFile } from './coverage-plugin';

/** Room for the counters; the product has about a third as many edges. */
const MAX_EDGES = 1 << 16;
/** Only the product is measured: what the fuzzer itself and its oracles do says nothing about it. */
const MEASURED = /\/(libs|apps)\/.*\/src\/.*\.ts$/;
const NOT_MEASURED = /(\.fixture\.ts|\/testing\/|\/testing\.ts|\/shop-events\/)/;

/** Beside the bundle: what each measured file compares with, for the dictionary of the mutator. */
export interface TargetsMap {
  readonly edges: number;
  readonly files: readonly {
    readonly firstEdge: number;
    readonly edges: number;
    readonly words: readonly string[];
    readonly numbers: readonly number[];
  }[];
}

/**
 * Bundles the worker with all targets, the product's code instrumented, into `output`, and a map beside it.
 *
 * @param root of the project
 */
export async function buildTargets(root: string, output: string): Promise<void> {
  const files: InstrumentedFile[] = [];
  await build({
    absWorkingDir: root,
    entryPoints: ['tools/fuzz/worker.ts'],
    outfile: output,
    ...BUNDLING,
    sourcemap: 'linked',
    logLevel: 'warning',
    banner: { js: prelude() },
    plugins: [instrumented(files)],
  });
  // They are loaded in any order; the same seed must find the same words at the same place.
  files.sort((a, b) => (a.path < b.path ? -1 : 1));
  const edges = files.reduce((sum, file) => sum + file.edges, 0);
  if (edges > MAX_EDGES) throw new Error(`the product has ${edges} edges: there is room for ${MAX_EDGES}`);
  const map: TargetsMap = {
    edges,
    files: files.map(({ firstEdge, edges, words, numbers }) => {
      return { firstEdge, edges, words: [...words], numbers: [...numbers] };
    }),
  };
  await writeFile(join(dirname(output), 'targets.json'), JSON.stringify(map));
}

function instrumented(files: InstrumentedFile[]): Plugin {
  let nextEdge = 0;
  return {
    name: 'coverage',
    setup(build) {
      build.onLoad({ filter: MEASURED }, async ({ path }) => {
        if (NOT_MEASURED.test(path)) return undefined;
        const source = await readFile(path, 'utf8');
        const plain = await transform(source, {
          loader: 'ts',
          target: 'node24',
          sourcemap: 'inline',
          sourcefile: path,
          tsconfigRaw: { compilerOptions: { experimentalDecorators: true } },
        });
        // Not asynchronous: files are loaded at once, and the next one's edges begin where this one's end.
        const file: InstrumentedFile = { path, firstEdge: nextEdge, edges: 0, words: new Set(), numbers: new Set() };
        const measured = transformSync(plain.code, {
          babelrc: false,
          configFile: false,
          compact: false,
          sourceMaps: 'inline',
          sourceType: 'module',
          plugins: [coveragePlugin(types, file)],
        });
        files.push(file);
        nextEdge += file.edges;
        return { contents: measured?.code ?? '', loader: 'js' };
      });
    },
  };
}

/** The counters live outside the bundle's modules, where both they and the fuzzer reach them. */
function prelude(): string {
  return (
    `const ${EDGES} = new Uint8Array(${MAX_EDGES});` +
    `const __fuzzAccount = { bytes: 0 };` +
    `const ${ALLOCATE} = (size, width) => { if (typeof size === 'number') __fuzzAccount.bytes += size * width; return size; };` +
    `globalThis.tillstreamFuzz = { edges: ${EDGES}, allocated: __fuzzAccount };`
  );
}
