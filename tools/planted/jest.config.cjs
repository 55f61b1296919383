/** The specs of the workspace, on sources with a bug planted in them. */
const base = require('../../jest.config.cjs');

module.exports = {
  ...base,
  transform: Object.fromEntries(
    Object.entries(base.transform).map(([pattern, transform]) =>
      Array.isArray(transform)
        ? [pattern, ['<rootDir>/tools/planted/patch-transform.cjs', transform[1]]]
        : [pattern, transform],
    ),
  ),
};
