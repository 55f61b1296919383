/** Jest's usual transform, of sources with a bug planted in them: TILLSTREAM_PLANTED names the file with the patches. */
const { createHash } = require('node:crypto');
const { readFileSync } = require('node:fs');
const { join, relative } = require('node:path');
const swc = require('@swc/jest');

const ROOT = join(__dirname, '..', '..');
/** @type {readonly { file: string, find: string, replace: string }[]} */
const PATCHES = JSON.parse(readFileSync(process.env.TILLSTREAM_PLANTED ?? '', 'utf8'));

/**
 * @param {string} source
 * @param {string} path
 */
function patched(source, path) {
  const file = relative(ROOT, path);
  let text = source;
  for (const { find, replace } of PATCHES.filter((patch) => patch.file === file)) {
    if (text.split(find).length !== 2) throw new Error(`${file} does not hold once: ${find}`);
    text = text.replace(find, () => replace);
  }
  return text;
}

module.exports = {
  /** @param {Record<string, unknown>} options those of @swc/jest */
  createTransformer(options) {
    const transformer = swc.createTransformer(options);
    return {
      ...transformer,
      /**
       * @param {string} source
       * @param {string} path
       * @param {any} given
       */
      process: (source, path, given) => transformer.process(patched(source, path), path, given),
      /**
       * @param {string} source
       * @param {string} path
       * @param {any} given
       */
      getCacheKey: (source, path, given) =>
        createHash('sha256')
          .update(transformer.getCacheKey(source, path, given))
          .update(patched(source, path))
          .digest('hex'),
    };
  },
};
