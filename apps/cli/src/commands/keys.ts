import { randomBytes } from 'node:crypto';
import { hashOfKey } from '@tillstream/config';
import { InvalidArgumentError, type Command } from 'commander';
import { CliError, type CliContext } from '../cli-context';
import { systemClock } from '../cli-clock';
import type { RegisterCommand } from '../create-program';
import { parseDuration, wholeNumber } from '../options/parse-options';

interface NewKeyOptions {
  readonly name: string;
  readonly streams?: readonly string[];
  readonly sql?: boolean;
  readonly eventsPerSecond?: number;
  readonly requestsPerSecond?: number;
  readonly expires?: string;
}

/** 256 bits: nobody finds it by trying, so its hash may be known. */
const KEY_BYTES = 32;

/** `till keys`: who may write and who may read. */
export const registerKeys: RegisterCommand = (program, context) => {
  const keys = program.command('keys').description('make keys to write or to read with');
  addNew(keys, context);
};

function addNew(keys: Command, context: CliContext): void {
  keys
    .command('new')
    .description('print a new key, once, and what a file of keys keeps of it')
    .requiredOption('--name <text>', 'whose it is; a key that takes another’s place has its name', parseName)
    .option('--streams <list>', 'the streams it opens, separated by commas (default: every one)', parseStreams)
    .option('--sql', 'a read key: it may ask in SQL')
    .option('--events-per-second <n>', 'a write key: what it may bring, in each gateway', wholeNumber(1))
    .option('--requests-per-second <n>', 'how often it may call, each replica', wholeNumber(1))
    .option('--expires <when>', 'from when on it opens nothing: 2027-01-01T00:00:00Z, or 90d from now', parseExpiry)
    .addHelpText(
      'after',
      '\nThe entry goes into the file of TILLSTREAM_WRITE_KEYS_FILE or TILLSTREAM_READ_KEYS_FILE, which is read again when it\n' +
        'changes. The key goes to whoever calls; it is kept nowhere else.',
    )
    .action((options: NewKeyOptions) => {
      if (options.sql && options.eventsPerSecond !== undefined) {
        throw new CliError('--sql is for read keys and --events-per-second for write keys', 'Make two keys.');
      }
      const key = `till_${randomBytes(KEY_BYTES).toString('base64url')}`;
      context.note('The key, which is shown this once:\n\n');
      context.write(`${key}\n`);
      context.note('\nIts entry for the file of keys:\n\n');
      context.write(`  - ${entryOf(hashOfKey(key), options)}\n`);
    });
}

function entryOf(sha256: string, options: NewKeyOptions): string {
  const { name, streams, sql, eventsPerSecond, requestsPerSecond, expires } = options;
  const fields = [
    `name: ${name}`,
    `sha256: ${sha256}`,
    ...(streams ? [`streams: [${streams.join(', ')}]`] : []),
    ...(sql ? ['sql: true'] : []),
    ...(eventsPerSecond === undefined ? [] : [`eventsPerSecond: ${eventsPerSecond}`]),
    ...(requestsPerSecond === undefined ? [] : [`requestsPerSecond: ${requestsPerSecond}`]),
    ...(expires === undefined ? [] : [`expires: ${expires}`]),
  ];
  return `{${fields.join(', ')}}`;
}

/** Of what YAML reads as it stands. */
function parseName(text: string): string {
  if (/^[A-Za-z][A-Za-z0-9_-]*$/.test(text) && !/^(true|false|null|yes|no|on|off|y|n)$/i.test(text)) return text;
  throw new InvalidArgumentError('a name consists of letters, digits, - and _, and begins with a letter');
}

function parseStreams(text: string): readonly string[] {
  return text.split(',').map((name) => parseName(name.trim()));
}

function parseExpiry(text: string): string {
  if (/^\d+[smhd]$/.test(text)) return isoOf(systemClock.nowMs() + parseDuration(text));
  const ms = /^\d{4}-\d\d-\d\dT.*(Z|[+-]\d\d:\d\d)$/.test(text) ? Date.parse(text) : NaN;
  if (Number.isNaN(ms)) throw new InvalidArgumentError('an end looks like 2027-01-01T00:00:00Z, or 90d');
  return isoOf(ms);
}

/** To the second. */
const isoOf = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`;
