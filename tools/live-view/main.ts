/**
 * The live view of `npm start`: looks at a running platform from outside, as anybody can. Lines on its standard input are
 * messages to show; it ends with its input.
 */
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { QueryClient } from '../rig/query-client';
import { renderBlock, renderLine } from './render';
import { Screen } from './screen';
import { Observer } from './snapshot';

const BLOCK_EVERY_MS = 1_000;
const LINE_EVERY_MS = 5_000;

const { values } = parseArgs({
  options: {
    stream: { type: 'string', default: 'commerce' },
    gateway: { type: 'string', default: 'http://127.0.0.1:8080' },
    query: { type: 'string', default: '127.0.0.1:50052' },
    tasks: { type: 'string', multiple: true, default: [] },
    logs: { type: 'string', default: '' },
  },
});

const query = new QueryClient(values.query);
const observer = new Observer({ stream: values.stream, gateway: values.gateway, tasks: values.tasks, query });
const screen = process.stdout.isTTY ? new Screen(process.stdout) : null;
let timer: NodeJS.Timeout | undefined;

async function show(): Promise<void> {
  const snapshot = await observer.observe();
  if (screen) screen.show(renderBlock(snapshot, values));
  else process.stdout.write(`${renderLine(snapshot)}\n`);
  timer = setTimeout(() => void show(), screen ? BLOCK_EVERY_MS : LINE_EVERY_MS);
}

const input = createInterface(process.stdin);
input.on('line', (line) => (screen ? screen.say(line) : process.stdout.write(`${line}\n`)));
input.on('close', () => {
  clearTimeout(timer);
  query.close();
  process.exit(0);
});
void show();
