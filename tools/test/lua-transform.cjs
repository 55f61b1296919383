/** Gives tests what the build gives programs: a `.lua` file is a module whose default export is its text. */
module.exports = {
  process: (source) => ({
    code: `module.exports = { __esModule: true, default: ${JSON.stringify(source)} };`,
  }),
};
