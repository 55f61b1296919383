/**
 * Loaded before every test file. Property tests try the same inputs on every machine, so that what is merged does not depend on
 * luck; TILLSTREAM_SEED, or `npm test -- --seed`, makes them try others.
 */
const fc = require('fast-check');

fc.configureGlobal({ seed: Number(process.env['TILLSTREAM_SEED'] || 20_260_801) });
