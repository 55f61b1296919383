/**
 * What of package-lock.json a program needs that loads some of its packages: so an image holds these and no others, in the very
 * versions that were tested.
 *
 * @typedef {object} LockedPackage
 * @property {string} [version]
 * @property {boolean} [dev]
 * @property {Record<string, string>} [dependencies]
 * @property {Record<string, string>} [optionalDependencies]
 * @property {Record<string, string>} [peerDependencies]
 * @property {Record<string, { optional?: boolean }>} [peerDependenciesMeta]
 *
 * @typedef {{ name: string, version: string, license?: string }} Project
 * @typedef {{ lockfileVersion: number, packages: Record<string, LockedPackage> }} Lock
 */

/**
 * @param {Lock} lock of the whole project
 * @param {string[]} names of packages that are loaded
 * @param {Project} project
 * @returns {{ manifest: object, lock: object }} package.json and package-lock.json, for `npm ci`
 * @throws {Error} when the project depends on no such package
 */
export function packageSet(lock, names, project) {
  /** @type {Record<string, string>} */
  const dependencies = {};
  for (const name of [...names].sort()) {
    const version = lock.packages[`node_modules/${name}`]?.version;
    if (version === undefined) throw new Error(`package-lock.json has no ${name}, which a program loads`);
    dependencies[name] = version;
  }
  const { name, version, license } = project;
  const manifest = { name, version, private: true, license, dependencies };
  /** @type {Record<string, object>} */
  const packages = { '': manifest };
  for (const path of [...needed(lock, names)].sort()) {
    // All that is here is for running, also what is for developing elsewhere.
    packages[path] = { ...lock.packages[path], dev: undefined };
  }
  return { manifest, lock: { name, version, lockfileVersion: lock.lockfileVersion, requires: true, packages } };
}

/**
 * @param {Lock} lock
 * @param {string[]} names
 * @returns {Set<string>} places in node_modules
 */
function needed(lock, names) {
  /** @type {Set<string>} */
  const found = new Set();
  const open = names.map((name) => `node_modules/${name}`);
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    if (found.has(path)) continue;
    found.add(path);
    const from = path;
    open.push(...wants(lock.packages[from] ?? {}).flatMap((name) => placeOf(lock, from, name) ?? []));
  }
  return found;
}

/**
 * @param {LockedPackage} entry
 * @returns {string[]} names of all it may load; peers that are optional belong to whoever wants them
 */
function wants({ dependencies = {}, optionalDependencies = {}, peerDependencies = {}, peerDependenciesMeta = {} }) {
  const peers = Object.keys(peerDependencies).filter((name) => peerDependenciesMeta[name]?.optional !== true);
  return [...Object.keys(dependencies), ...Object.keys(optionalDependencies), ...peers];
}

/**
 * Where Node finds a package: beside the one that asks, or in the node_modules of a directory above.
 *
 * @param {Lock} lock
 * @param {string} from
 * @param {string} name
 * @returns {string | undefined} undefined: for another kind of machine only, and never installed
 */
function placeOf(lock, from, name) {
  for (let above = from; ; above = above.slice(0, Math.max(above.lastIndexOf('/node_modules/'), 0))) {
    const path = `${above === '' ? '' : `${above}/`}node_modules/${name}`;
    if (lock.packages[path] !== undefined) return path;
    if (above === '') return undefined;
  }
}
