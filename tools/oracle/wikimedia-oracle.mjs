#!/usr/bin/env node
/**
 * What the metrics of deploy/streams/wikimedia.yaml must be for captures of Wikimedia's stream, one event a line (with or
 * without its place in Kafka around it), worked out by a plain script of its own. It shares no code with the platform.
 *
 *   node tools/oracle/wikimedia-oracle.mjs FILE…                     every window as NDJSON, sorted
 *   node tools/oracle/wikimedia-oracle.mjs FILE… --check HOST:PORT   compares with what query-api answers
 *
 * Options of --check: --stream NAME (wikimedia), --key TEXT (bearer token), --allow-open (windows need not be final).
 */
import { linesOf, runOracle } from './plain-answers.mjs';
import * as plain from './plain-metrics.mjs';
import { HOUR, MINUTE } from './plain-metrics.mjs';

const isReal = (row) => !row.isSession && row.domain !== 'canary';
const isEdit = (row) => isReal(row) && (row.type === 'edit' || row.type === 'new');
const isBot = (row) => row.bot === true;
const isHuman = (row) => row.bot === false;
const user = (row) => row.user;
const change = (row) => row.change;

const changes = (rows) => rows.map(change).filter((bytes) => bytes !== null);
const orNull = (bytes, of) => (bytes.length === 0 ? null : of(bytes));
const sum = (bytes) => bytes.reduce((total, more) => total + more, 0);

const duration = (row) => row.timeMs - row.startMs;

const METRICS = [
  {
    name: 'edits_per_wiki',
    size: MINUTE,
    where: isEdit,
    groupBy: { wiki: (row) => row.wiki },
    measures: {
      edits: plain.count(),
      new_pages: plain.count((row) => row.type === 'new'),
      editors: plain.distinct(user),
      edits_per_second: (rows) => rows.length / 60,
    },
  },
  {
    name: 'bots_against_humans',
    size: MINUTE,
    where: isEdit,
    measures: {
      bot_edits: plain.count(isBot),
      human_edits: plain.count(isHuman),
      bots: plain.distinct(user, isBot),
      humans: plain.distinct(user, isHuman),
      bot_share: (_rows, { bot_edits, human_edits }) => (100 * bot_edits) / (bot_edits + human_edits),
    },
  },
  {
    name: 'bytes_added',
    size: 5 * MINUTE,
    hop: MINUTE,
    where: isEdit,
    groupBy: { wiki: (row) => row.wiki },
    measures: {
      added: (rows) => orNull(changes(rows).filter((bytes) => bytes > 0), sum), // prettier-ignore
      removed: (rows) => orNull(changes(rows).filter((bytes) => bytes < 0), sum), // prettier-ignore
      net: (rows) => orNull(changes(rows), sum),
      largest_edit: (rows) => orNull(changes(rows), (bytes) => Math.max(...bytes)),
      per_edit: (rows) => orNull(changes(rows), (bytes) => sum(bytes) / bytes.length),
    },
  },
  {
    name: 'top_users',
    size: 10 * MINUTE,
    where: isEdit,
    measures: {
      users: plain.topOf(10, user, () => 1),
      edits: plain.count(),
      editors: plain.distinct(user),
    },
  },
  {
    name: 'hottest_pages',
    size: 10 * MINUTE,
    hop: MINUTE,
    where: isEdit,
    measures: {
      pages: plain.topOf(20, (row) => row.uri, () => 1), // prettier-ignore
      largest: (rows) => plain.topOf(5, (row) => row.uri, change)(largestOfEach(rows)),
    },
  },
  {
    name: 'edits_by_namespace',
    size: 5 * MINUTE,
    where: isEdit,
    groupBy: { page_namespace: (row) => row.namespace },
    measures: {
      edits: plain.count(),
      editors: plain.distinct(user),
      net_bytes: (rows) => orNull(changes(rows), sum),
    },
  },
  {
    name: 'events_by_type',
    size: MINUTE,
    where: isReal,
    groupBy: { type: (row) => row.type },
    measures: {
      events: plain.count(),
      newest: (rows) => new Date(Math.max(...rows.map(({ timeMs }) => timeMs))).toISOString(),
    },
  },
  {
    name: 'edit_sessions',
    size: HOUR,
    where: (row) => row.isSession && row.edits > 0,
    groupBy: { entry_category: (row) => row.wiki },
    measures: {
      editors: plain.distinct(user),
      sessions: plain.count(),
      edits: plain.sum((row) => row.edits),
      edits_per_session: (_rows, { edits, sessions }) => edits / sessions,
      single_edits: plain.count((row) => row.edits === 1),
      avg_duration_ms: plain.average(duration),
      longest_ms: (rows) => Math.max(...rows.map(duration)),
    },
  },
];

/** What everybody does with no more than an hour between one event and the next, as a row at the time of the last one. */
function sessionsOf(rows) {
  const sessions = [];
  const newest = new Map(); // whose events → the session that the last one is in
  for (const row of [...rows].sort((a, b) => a.timeMs - b.timeMs)) {
    const whose = row.user || row.wiki || row.domain;
    let session = newest.get(whose);
    if (session === undefined || row.timeMs - session.timeMs > HOUR) {
      session = { isSession: true, user: whose, startMs: row.timeMs, placed: null, edits: 0 };
      newest.set(whose, session);
      sessions.push(session);
    }
    session.timeMs = row.timeMs;
    if (row.uri !== null || row.wiki !== null) session.placed ??= row;
    if (isEdit(row)) session.edits += 1;
  }
  return sessions.map((session) => ({ ...session, wiki: session.placed?.wiki ?? null }));
}

/** Of each page the row with the largest change. */
function largestOfEach(rows) {
  const largest = new Map();
  for (const row of rows) {
    if (row.change !== null && !(largest.get(row.uri)?.change >= row.change)) largest.set(row.uri, row);
  }
  return [...largest.values()];
}

async function* readFile(file) {
  for await (const line of linesOf(file)) {
    const read = JSON.parse(line);
    const event = 'kafka_offset' in read ? read.value : read;
    const { old: before = 0, new: after } = event.length ?? {};
    yield {
      timeMs: Date.parse(event.meta.dt),
      domain: event.meta.domain ?? null,
      uri: event.meta.uri ?? null,
      type: event.type ?? null,
      wiki: event.wiki ?? null,
      user: event.user ?? null,
      bot: event.bot ?? null,
      namespace: event.namespace ?? null,
      change: after === undefined ? null : after - before,
    };
  }
}

await runOracle({ name: 'wikimedia-oracle.mjs', stream: 'wikimedia', metrics: METRICS, readFile, derive: sessionsOf });
