/**
 * The command line of a plain oracle: prints what must come out of files, or compares it with what query-api answers.
 */
import { createReadStream } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { keyOf, resultsOf, SECOND } from './plain-metrics.mjs';

/** What a percentile may be off, in proportion, beside half of the smallest unit. */
const NEAR = 0.01;
const SHOWN = 20;
const OPTIONS = {
  check: { type: 'string' },
  stream: { type: 'string' },
  key: { type: 'string' },
  'allow-open': { type: 'boolean', default: false },
};

/**
 * `readFile` gives the rows of one file, `derive` more rows that are made of all of them; `stream` is asked for unless another
 * is named. Sets the exit code.
 */
export async function runOracle({ name, stream, metrics, readFile, derive = () => [] }) {
  const { values: options, positionals: files } = parseArgs({ allowPositionals: true, options: OPTIONS });
  if (files.length === 0) {
    console.error(`usage: ${name} FILE… [--check HOST:PORT] [--stream NAME] [--key TEXT] [--allow-open]`);
    process.exitCode = 2;
    return;
  }
  const rows = [];
  for (const file of files) for await (const row of readFile(file)) rows.push(row);
  const expected = resultsOf(metrics, [...rows, ...derive(rows)]);
  console.error(`${rows.length} events, ${expected.length} results`);
  if (options.check === undefined) for (const row of expected) process.stdout.write(`${JSON.stringify(row)}\n`);
  else process.exitCode = (await check(options.check, { stream, ...options }, metrics, expected)) ? 0 : 1;
}

/** Lines of a file that may be compressed, without empty ones. */
export async function* linesOf(file) {
  let input = createReadStream(file);
  if (file.endsWith('.gz')) input = input.pipe(createGunzip());
  if (file.endsWith('.zst')) input = input.pipe(createZstdDecompress());
  for await (const line of createInterface({ input, crlfDelay: Infinity })) if (line !== '') yield line;
}

async function check(address, options, metrics, expected) {
  const client = await connect(address);
  let problems = 0;
  try {
    for (const metric of metrics) problems += await checkMetric(client, options, metric, expected);
  } finally {
    client.close();
  }
  console.log(problems === 0 ? 'every window is equal' : `${problems} differences`);
  return problems === 0;
}

async function connect(address) {
  const { default: grpc } = await import('@grpc/grpc-js');
  const { default: loader } = await import('@grpc/proto-loader');
  const protos = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'libs', 'contracts', 'proto');
  const loaded = await loader.load('tillstream/query/v1/query.proto', {
    includeDirs: [protos],
    keepCase: true,
    longs: String,
    oneofs: true,
  });
  const { QueryService } = grpc.loadPackageDefinition(loaded).tillstream.query.v1;
  return new QueryService(address, grpc.credentials.createInsecure(), {
    'grpc.max_receive_message_length': 64 * 1024 * 1024,
  });
}

async function checkMetric(client, options, metric, expected) {
  const wanted = new Map(expected.filter((row) => row.metric === metric.name).map((row) => [keyOf(row), row]));
  const starts = [...wanted.values()].map((row) => Date.parse(row.window_start));
  const from = starts.reduce((earliest, start) => Math.min(earliest, start), Infinity);
  const to = starts.reduce((latest, start) => Math.max(latest, start), -Infinity) + 1;
  const problems = [];
  let answered = 0;
  if (wanted.size > 0) {
    for await (const { row, final, lateRows } of answers(client, options, metric, from, to)) {
      answered += 1;
      const key = keyOf(row);
      const own = wanted.get(key);
      wanted.delete(key);
      if (own === undefined) problems.push(`not expected: ${JSON.stringify(row)}`);
      else if (!isSame(own, row, metric.near ?? [])) {
        problems.push(`differs:\n  expected ${JSON.stringify(own)}\n  answered ${JSON.stringify(row)}`);
      } else if (!final && !options['allow-open']) problems.push(`not final: ${key}`);
      if (lateRows > 0) problems.push(`${lateRows} late rows: ${key}`);
    }
  }
  for (const row of wanted.values()) problems.push(`missing: ${JSON.stringify(row)}`);
  for (const problem of problems.slice(0, SHOWN)) console.log(`${metric.name}: ${problem}`);
  if (problems.length > SHOWN) console.log(`${metric.name}: and ${problems.length - SHOWN} more`);
  console.log(`${metric.name}: ${answered} answered, ${problems.length} differences`);
  return problems.length;
}

/** Equal, but for the measures that may only be near. */
function isSame(own, row, near) {
  const exact = ({ measures, ...rest }) => {
    return JSON.stringify([rest, Object.entries(measures).filter(([name]) => !near.includes(name))]);
  };
  return exact(own) === exact(row) && near.every((name) => isNear(own.measures[name], row.measures[name]));
}

function isNear(exact, told) {
  if (exact === null || (told ?? null) === null) return exact === (told ?? null);
  // Amounts are texts. And a little, as doubles do not hold decimals exactly.
  const halfUnit = typeof told === 'string' ? 0.005 : 0.5;
  return Math.abs(Number(told) - Number(exact)) <= NEAR * Math.abs(Number(exact)) + halfUnit + 1e-9;
}

async function* answers(client, options, metric, from, to) {
  const { default: grpc } = await import('@grpc/grpc-js');
  const metadata = new grpc.Metadata();
  if (options.key !== undefined) metadata.set('authorization', `Bearer ${options.key}`);
  const asked = { stream: options.stream, metric: metric.name, from: stamp(from), to: stamp(to), page_size: 1000 };
  let page_token = '';
  do {
    const page = await new Promise((resolve, reject) => {
      const deadline = Date.now() + 30 * SECOND;
      client.ListWindows({ ...asked, page_token }, metadata, { deadline }, (error, answer) =>
        error ? reject(error) : resolve(answer),
      );
    });
    for (const window of page.windows) yield fromAnswer(metric, window);
    page_token = page.next_page_token ?? '';
  } while (page_token !== '');
}

function stamp(time) {
  return { seconds: Math.floor(time / SECOND), nanos: (time % SECOND) * 1e6 };
}

/** Maps come over the wire in any order: measures and groups are put into that of the metric. */
function fromAnswer({ measures, groupBy = {} }, window) {
  const time = ({ seconds, nanos }) => new Date(Number(seconds) * SECOND + (nanos ?? 0) / 1e6).toISOString();
  const inOrder = (map, names) => {
    const values = Object.fromEntries(Object.entries(map ?? {}).map(([name, value]) => [name, plain(value)]));
    return {
      ...Object.fromEntries(names.filter((name) => name in values).map((name) => [name, values[name]])),
      ...values,
    };
  };
  const row = {
    metric: window.metric,
    window_start: time(window.start),
    window_end: time(window.end),
    group: inOrder(window.group, Object.keys(groupBy)),
    measures: inOrder(window.measures, Object.keys(measures)),
  };
  return { row, final: window.final === true, lateRows: Number(window.late_rows ?? 0) };
}

function plain(value) {
  switch (value.kind) {
    case 'integer':
      return Number(value.integer);
    case 'number':
    case 'decimal':
    case 'text':
    case 'flag':
      return value[value.kind];
    case 'list':
      return (value.list.values ?? []).map(plain);
    case 'ranking':
      return (value.ranking.values ?? []).map((ranked) => ({
        value: plain(ranked.value),
        amount: plain(ranked.amount),
      }));
    default:
      return null;
  }
}
