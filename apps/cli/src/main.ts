import { createProcessContext } from './process-context';
import { runCli } from './run-cli';

void runCli(process.argv.slice(2), createProcessContext()).then((code) => {
  process.exitCode = code;
});
