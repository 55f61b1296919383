import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KafkaAdmin, KafkaLogReader, KafkaLogWriter } from '@tillstream/adapter-kafka';
import { encodeControl, encodeDefinition, topicSpecs } from '@tillstream/contracts';
import { runCli } from '../run-cli';
import { loadStreamFile, loadStreamFiles } from '../streams/load-stream-files';
import { type RecordingContext, recordingContext } from '../testing/recording-context';

const brokers = process.env['KAFKA_BROKERS'] ?? '';
const shipped = join(__dirname, '../../../../deploy/streams/commerce.yaml');

/** A stream of its own for each test, from the file that is shipped. */
describe('commands on a real broker', () => {
  const directory = mkdtempSync(join(tmpdir(), 'till-topics-'));
  const reader = new KafkaLogReader({ brokers: brokers.split(','), clientId: 'till-test' });
  const writer = new KafkaLogWriter({ brokers: brokers.split(','), clientId: 'till-test', appendTimeoutMs: 10_000 });
  const admin = new KafkaAdmin({ brokers: brokers.split(','), clientId: 'till-test' });
  let stream: string;
  let file: string;

  beforeAll(() => {
    if (brokers === '') throw new Error('KAFKA_BROKERS must name a broker');
  });
  beforeEach(() => {
    stream = `till-${randomBytes(4).toString('hex')}`;
    file = streamFile((text) => text);
  });
  afterAll(async () => {
    await Promise.all([reader.close(), writer.close(), admin.close()]);
    rmSync(directory, { recursive: true });
  });

  function streamFile(change: (text: string) => string): string {
    const path = join(directory, `${stream}-${randomBytes(2).toString('hex')}.yaml`);
    writeFileSync(path, change(readFileSync(shipped, 'utf8').replace(/^stream: .*/m, `stream: ${stream}`)));
    return path;
  }

  async function till(args: string, streamFiles = file): Promise<RecordingContext & { readonly code: number }> {
    const context = recordingContext({ environment: { KAFKA_BROKERS: brokers, STREAM_FILES: streamFiles } });
    const code = await runCli(args.split(' '), context);
    return Object.assign(context, { code });
  }

  async function controls(partition: number): Promise<unknown[]> {
    const records = await reader.read(`${stream}.raw.v1`, partition, 0, 100);
    return records.map(({ value }) => (JSON.parse(Buffer.from(value ?? []).toString()) as { kind: unknown }).kind);
  }

  it('creates the topics of a stream once, and says once which definition they are for', async () => {
    const before = await till('topics');
    expect(before.code).toBe(1);
    expect(before.output()).toContain(`topic ${stream}.raw.v1 does not exist`);

    expect((await till('topics --create')).code).toBe(0);
    const again = await till('topics --create');
    expect(again.code).toBe(0);
    expect(again.notes()).toBe('');
    expect(again.output()).toContain(`ok    ${stream}.raw.v1, 4 partitions`);
    for (let partition = 0; partition < 4; partition += 1) expect(await controls(partition)).toEqual(['definition']);
  });

  it('refuses a stream file that differs from what the topics were created for', async () => {
    await till('topics --create');
    const other = streamFile((text) => text.replace('total_spent > 100', 'total_spent > 200'));
    const refused = await till('topics --create', other);
    expect(refused.code).toBe(1);
    expect(refused.output()).toContain('another stream file is in force');
    expect(await controls(0)).toEqual(['definition']);
  });

  it('puts a changed stream file live when it is told to, and an earlier one that is wanted again', async () => {
    await till('topics --create');
    const other = streamFile((text) => text.replace('total_spent > 100', 'total_spent > 200'));
    expect((await till('topics --create --apply', other)).notes()).toContain('put live in 4 partitions');
    expect((await till('topics --create --apply', other)).notes()).toBe('');
    expect(await controls(0)).toEqual(['definition', 'definition']);
    const back = await till('topics --create --apply');
    expect(back.code).toBe(0);
    expect(back.output()).not.toContain('warn');
    expect(await controls(0)).toEqual(['definition', 'definition', 'definition']);
  });

  it('refuses to put a stream file live that cannot take the place of the one in force', async () => {
    await till('topics --create');
    const other = streamFile((text) => text.replace('field: event_id, dedupe', 'field: session_id, dedupe'));
    expect((await till('topics --create --apply', other)).code).toBe(1);
    expect(await controls(0)).toEqual(['definition']);
  });

  it('writes which stream file it is into topics that somebody else creates, and creates none itself', async () => {
    const before = await till('topics --define --apply');
    expect(before.code).toBe(1);
    expect(before.output()).toContain(`topic ${stream}.raw.v1 does not exist`);
    expect((await till('topics')).code).toBe(1);
    await admin.createTopics(
      topicSpecs(loadStreamFile(file), 1).map(({ name, partitions, configs }) => ({
        topic: name,
        partitions,
        replication: 1,
        configs,
      })),
    );
    expect((await till('topics --define --apply')).code).toBe(0);
    expect(await controls(0)).toEqual(['definition']);
  });

  it('finds and sets what is wrong with a raw topic that was there before', async () => {
    const raw = `shop-events-${stream}`;
    const renamed = streamFile((text) => `${text}\ntopics: { raw: ${raw} }\n`);
    await admin.createTopics([{ topic: raw, partitions: 4, replication: 1, configs: { 'retention.ms': '1000' } }]);
    const wrong = await till('topics --create', renamed);
    expect(wrong.code).toBe(1);
    expect(wrong.output()).toContain(`topic ${raw}: message.timestamp.type is CreateTime, must be LogAppendTime`);

    const fixed = await till('topics --fix', renamed);
    expect(fixed.code).toBe(0);
    expect(fixed.notes()).toContain(`set ${raw}: message.timestamp.type=LogAppendTime`);
    expect((await till('topics', renamed)).output()).toContain(`ok    ${raw}, 4 partitions`);
  });

  it('refuses another partition count, with the remedy, and writes nothing', async () => {
    await admin.createTopics([{ topic: `${stream}.raw.v1`, partitions: 3, replication: 1 }]);
    const refused = await till('topics --fix');
    expect(refused.code).toBe(1);
    expect(refused.output()).toMatch(/partition count 3, stream file says 4: .*set the stream file to 3/);
    expect(await controls(0)).toEqual([]);
  });

  it('shows how far each service is behind', async () => {
    await till('topics --create');
    const { code, output } = await till('lag --json');
    expect(code).toBe(0);
    const rows = output()
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    const partitions = [0, 1, 2, 3];
    const read = {
      enricher: ['raw'],
      aggregator: ['enriched', 'parts', 'sessions-rows', 'sessions-parts', 'attributions-rows', 'attributions-parts'],
      'session-tracker': ['enriched'],
      'sink-writer.lake': ['enriched', 'metrics', 'sessions', 'attributions', 'late', 'dead-letters'],
    };
    const expected = Object.entries(read).flatMap(([service, topics]) =>
      topics.flatMap((topic) =>
        partitions.map((partition) => `${stream}.${service} ${stream}.${topic}.v1/${partition}`),
      ),
    );
    const place = ({ group, topic, partition }: Record<string, unknown>) => [
      group,
      `${String(topic)}/${String(partition)}`,
    ];
    expect(rows.map((row) => place(row).join(' ')).sort()).toEqual(expected.sort());
    expect(rows[0]).toEqual({
      group: `${stream}.enricher`,
      topic: `${stream}.raw.v1`,
      partition: 0,
      end: 1,
      committed: null,
      lag: 1,
    });
    expect((await till('lag')).output()).toMatch(/^group +topic +partition +end +committed +lag\n/);
  });

  it('accepts a hole only within the log, and only when told twice', async () => {
    await till('topics --create');
    const gaps = () => reader.end(`${stream}.gaps.v1`, 0);
    for (const [args, problem] of [
      [`skip enricher ${stream} 0 0 1`, 'not done'],
      [`skip enricher ${stream} 0 0 9 --yes`, 'ends at 1'],
      [`skip enricher ${stream} 0 1 1 --yes`, 'is empty'],
      [`skip enricher ${stream} 7 0 1 --yes`, 'has 4 partitions'],
      [`skip gateway ${stream} 0 0 1 --yes`, 'nobody called gateway reads'],
      [`skip sink-writer:lake ${stream} 0 0 1`, 'missing in the store'],
      [`skip sink-writer:lake:finals ${stream} 0 0 1 --yes`, `${stream}.metrics.v1/0 ends at 0`],
    ] as const) {
      const refused = await till(args);
      expect(refused.code).not.toBe(0);
      expect(refused.notes()).toContain(problem);
    }
    expect(await gaps()).toBe(0);

    expect((await till(`skip enricher ${stream} 0 0 1 --reason poison --yes`)).code).toBe(0);
    const [gap] = await reader.read(`${stream}.gaps.v1`, 0, 0, 1_000);
    expect(JSON.parse(Buffer.from(gap?.value ?? []).toString())).toEqual({
      service: 'enricher',
      partition: 0,
      from: 0,
      to: 1,
      reason: 'poison',
    });
  });

  it('releases every partition', async () => {
    await till('topics --create');
    expect((await till(`release ${stream}`)).code).toBe(0);
    for (let partition = 0; partition < 4; partition += 1) {
      expect(await controls(partition)).toEqual(['definition', 'release']);
    }
  });

  it('shows what another stream file would change, and changes nothing', async () => {
    await till('topics --create');
    const other = streamFile((text) => text.replace('total_spent > 100', 'total_spent > 200'));
    const { code, output, notes } = await till(`plan ${other}`);
    expect(code).toBe(0);
    expect(output()).toMatch(/~ metric high_value_users: having; high_value_users@\w{8} takes the place of/);
    expect(output()).toMatch(/^ {2}= revenue_by_category, /m);
    expect(notes()).toContain(`till apply ${other}`);
    expect(await controls(0)).toEqual(['definition']);
    expect((await till(`plan ${file}`)).output()).toContain('nothing changes');
  });

  it('puts a stream file live once, in every partition', async () => {
    await till('topics --create');
    const other = streamFile((text) => text.replace('total_spent > 100', 'total_spent > 200'));
    expect((await till(`apply ${other} --no-wait`)).code).toBe(0);
    for (let partition = 0; partition < 4; partition += 1) {
      expect(await controls(partition)).toEqual(['definition', 'definition']);
    }
    const again = await till(`apply ${other}`);
    expect(again.code).toBe(0);
    expect(again.notes()).toContain('in force in all partitions already');
    expect((await till(`plan ${file}`)).output()).toContain('~ metric high_value_users');
    expect(await controls(0)).toEqual(['definition', 'definition']);
  });

  it('ends what was broken off while a stream file was put live', async () => {
    await till('topics --create');
    const other = streamFile((text) => text.replace('total_spent > 100', 'total_spent > 200'));
    const [definition] = loadStreamFiles(other, {});
    if (!definition) throw new Error('no definition');
    await writer.append(`${stream}.definitions.v1`, 0, [encodeDefinition(definition)]);
    const record = encodeControl({ kind: 'definition', sha256: definition.sha256 });
    await writer.append(`${stream}.raw.v1`, 2, [record]);
    const ended = await till(`apply ${other} --no-wait`);
    expect(ended.notes()).toContain('Put live in 3 partitions');
    for (let partition = 0; partition < 4; partition += 1) {
      expect(await controls(partition)).toEqual(['definition', 'definition']);
    }
  });

  it('does not wait for ever for services that do not run', async () => {
    await till('topics --create');
    const other = streamFile((text) => text.replace('total_spent > 100', 'total_spent > 200'));
    const { code, notes } = await till(`apply ${other} --timeout 1s`);
    expect(code).toBe(1);
    expect(notes()).toContain(`it is live, but the services do not work under it in ${stream}.raw.v1/0,1,2,3 yet`);
  });

  it('refuses what cannot be changed while there are events, by name', async () => {
    await till('topics --create');
    const other = streamFile((text) => text.replace('anonymous_id, ', '').replace(/^ {2}anonymous_id: .*\n/m, ''));
    const refused = await till(`apply ${other}`);
    expect(refused.code).toBe(1);
    expect(refused.output()).toContain('! `key` is user_id, anonymous_id, session_id, not user_id, session_id');
    expect(refused.output()).toContain('! field `anonymous_id` is missing: fields may only be added');
    expect(await controls(0)).toEqual(['definition']);
    const missing = await till(`plan ${streamFile((text) => text.replace(/^stream: .*/m, `stream: ${stream}-none`))}`);
    expect(missing.notes()).toContain('does not exist');
  });

  it('tries a stream file on what the raw topic holds', async () => {
    await till('topics --create');
    const address = brokers.split(',')[0];
    await till(`generate --to kafka://${address}/${stream}.raw.v1 --rate 0 --count 300 --seed 1`);
    const tried = await till(
      `try ${streamFile((text) => text.replace('total_spent > 100', 'total_spent > 1'))} --json`,
    );
    expect(tried.code).toBe(0);
    expect(tried.notes()).toContain('300 events, ');
    expect(tried.output()).toContain('"metric":"high_value_users"');
    const none = await till(`try ${streamFile((text) => text.replace(/^stream: .*/m, `stream: ${stream}-none`))}`);
    expect(none.notes()).toContain('Name recorded events with --events.');
  });

  it('generates events straight into a topic, by key', async () => {
    await till('topics --create');
    const address = brokers.split(',')[0];
    const { code } = await till(`generate --to kafka://${address}/${stream}.raw.v1 --rate 0 --count 200 --seed 1`);
    expect(code).toBe(0);
    const users = new Map<unknown, Set<number>>();
    let events = 0;
    for (let partition = 0; partition < 4; partition += 1) {
      for (const { key, headers } of await reader.read(`${stream}.raw.v1`, partition, 0, 1_000)) {
        if (Object.keys(headers).length > 0) continue;
        events += 1;
        const user = Buffer.from(key ?? []).toString();
        users.set(user, (users.get(user) ?? new Set()).add(partition));
      }
    }
    expect(events).toBe(200);
    expect([...users.values()].filter((partitions) => partitions.size > 1)).toEqual([]);
    const noTopic = await till(`generate --to kafka://${address}/nothing-${stream} --count 1`);
    expect(noTopic.notes()).toContain('there is no topic');
  });
});

describe('without a broker', () => {
  it('says that none is named, and which does not answer', async () => {
    const none = recordingContext({ environment: { STREAM_FILES: shipped } });
    expect(await runCli(['topics'], none)).toBe(1);
    expect(none.notes()).toContain('Give --brokers host:port or set KAFKA_BROKERS.');
  });
});
