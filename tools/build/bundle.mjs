import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { cp, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { isBuiltin } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BUNDLING } from './bundling.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** What every program depends on beside its own sources. */
const COMMON = [
  'tools/build/bundle.mjs',
  'tools/build/bundling.mjs',
  'tsconfig.base.json',
  'package.json',
  'package-lock.json',
];
const PROTOS = 'libs/contracts/proto';
/**
 * What is run loads the program, and before that sets what must be set before anything is compiled: what V8 makes of it is
 * kept for the next start, and stack traces name our sources (those of packages stay as they are: looking for their source
 * maps costs a tenth of a start).
 */
const MAIN = `'use strict';
const { enableCompileCache, setSourceMapsSupport } = require('node:module');
enableCompileCache(require('node:path').join(__dirname, '../../.compile-cache'));
setSourceMapsSupport(true);
require('./program.js');
`;

/**
 * @param {'apps' | 'tools'} kind
 * @returns {string[]} the directories that hold a program, such as `apps/gateway`
 */
export function programs(kind) {
  return readdirSync(join(ROOT, kind))
    .map((name) => `${kind}/${name}`)
    .filter((directory) => entryOf(directory) !== undefined)
    .sort();
}

/**
 * Bundles programs, to be run as `dist/<directory>/main.js`, each with the libraries it imports; packages from npm stay outside
 * (instrumentation patches them as they are loaded), and modules that nobody uses are left out (`sideEffects` in
 * package.json), with the packages they would load. Also copies the files programs read when they run.
 *
 * @param {string[]} directories
 * @returns {Promise<string[]>} those that were out of date
 */
export async function buildPrograms(directories) {
  const common = await hashOf(COMMON);
  const stale = [];
  for (const directory of directories) if (!(await isFresh(directory, common))) stale.push(directory);
  await Promise.all([copyProtos(), ...(stale.length > 0 ? [bundle(stale, common)] : [])]);
  return stale;
}

/**
 * @param {string[]} directories
 * @param {string} common
 */
async function bundle(directories, common) {
  const { build } = await import('esbuild');
  await Promise.all(
    directories.map(async (directory) => {
      const entry = entryOf(directory);
      if (entry === undefined) throw new Error(`there is no program in ${directory}`);
      const output = join(ROOT, 'dist', directory, 'program.js');
      const { outputFiles, metafile } = await build({
        absWorkingDir: ROOT,
        entryPoints: [entry],
        outfile: output,
        ...BUNDLING,
        plugins: [placeOfSources(dirname(output))],
        sourcemap: 'linked',
        metafile: true,
        write: false,
        logLevel: 'warning',
      });
      // A program may be started while it is built: each file is there whole, the old one or the new one.
      for (const file of outputFiles) await writeWhole(file.path, file.contents);
      await writeWhole(join(ROOT, 'dist', directory, 'main.js'), MAIN);
      const inputs = Object.keys(metafile.inputs).sort();
      const stamp = { inputs, hash: await hashOf(inputs), common, packages: packagesOf(metafile) };
      await writeWhole(stampFile(directory), JSON.stringify(stamp));
    }),
  );
}

/**
 * @param {string} directory of a program that is built
 * @returns {Promise<string[]>} the packages from npm that it loads, by name
 */
export async function packagesOfProgram(directory) {
  const { packages } = JSON.parse(await readFile(stampFile(directory), 'utf8'));
  return packages;
}

/**
 * @param {import('esbuild').Metafile} metafile
 * @returns {string[]}
 */
function packagesOf({ outputs }) {
  const imported = Object.values(outputs).flatMap(({ imports }) => imports.filter(({ external }) => external));
  const names = imported.map(({ path }) => /^(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? path);
  return [...new Set(names)].filter((name) => !isBuiltin(name)).sort();
}

/**
 * Scripts of the local stack look for files beside them, and a bundle stands elsewhere.
 *
 * @param {string} directory of the bundle
 * @returns {import('esbuild').Plugin}
 */
function placeOfSources(directory) {
  return {
    name: 'place-of-sources',
    setup(build) {
      build.onLoad({ filter: /[/\\]tools[/\\]local[/\\][^/\\]+\.mjs$/ }, async ({ path }) => {
        const place = `require('node:path').join(__dirname, ${JSON.stringify(relative(directory, path))})`;
        const url = `require('node:url').pathToFileURL(${place}).href`;
        return { contents: (await readFile(path, 'utf8')).replaceAll('import.meta.url', url), loader: 'js' };
      });
    },
  };
}

/**
 * Fresh: what it was made from, by the list esbuild gave then, has the same content now.
 *
 * @param {string} directory
 * @param {string} common
 */
async function isFresh(directory, common) {
  try {
    const stamp = JSON.parse(await readFile(stampFile(directory), 'utf8'));
    if (stamp.common !== common || !existsSync(join(ROOT, 'dist', directory, 'main.js'))) return false;
    return stamp.hash === (await hashOf(stamp.inputs));
  } catch {
    return false; // never built, or a source is gone
  }
}

async function copyProtos() {
  const from = join(ROOT, PROTOS);
  const to = join(ROOT, 'dist', 'proto');
  if (!existsSync(from)) return;
  const files = readdirSync(from, { recursive: true, withFileTypes: true }).filter((file) =>
    file.name.endsWith('.proto'),
  );
  const paths = files.map((file) => join(file.parentPath, file.name).slice(from.length + 1)).sort();
  const hash = await hashOf(paths.map((path) => join(PROTOS, path)));
  const stamp = join(to, '.stamp');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === hash) return;
  await rm(stamp, { force: true });
  for (const path of paths) await cp(join(from, path), join(to, path));
  await mkdir(to, { recursive: true });
  await writeFile(stamp, hash);
}

/** @param {string} directory */
function entryOf(directory) {
  return [`${directory}/src/main.ts`, `${directory}/main.ts`].find((file) => existsSync(join(ROOT, file)));
}

/** @param {string} directory */
const stampFile = (directory) => join(ROOT, 'dist', directory, 'main.stamp.json');

/**
 * @param {string[]} files from the root
 * @returns {Promise<string>}
 */
async function hashOf(files) {
  const contents = await Promise.all(files.map((file) => readFile(join(ROOT, file))));
  const hash = createHash('sha256');
  for (const [index, content] of contents.entries()) hash.update(`${files[index]} ${content.length}\n`).update(content);
  return hash.digest('hex');
}

/**
 * @param {string} file
 * @param {string | Uint8Array} content
 */
async function writeWhole(file, content) {
  await mkdir(dirname(file), { recursive: true });
  const work = `${file}.${process.pid}`;
  await writeFile(work, content);
  await rename(work, file);
}
