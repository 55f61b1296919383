import { readSinkSettings, sinkProblem } from '@tillstream/contracts';
import type { SinkDefinition, StreamDefinition, StreamFileProblem } from '@tillstream/contracts';
import { addressOf } from '@tillstream/engine';
import type { OpenedSink, SinkEnvironment, SinkKind } from '@tillstream/engine';
import { Receiver } from './receiver';
import { SETTINGS } from './settings';
import { WebhookSink } from './webhook-sink';

/** Any address that takes POST requests. */
export const webhookSinkKind: SinkKind = { type: 'webhook', open };

function open(sink: SinkDefinition, definition: StreamDefinition, environment: SinkEnvironment): OpenedSink {
  const read = readSinkSettings(sink, SETTINGS);
  const problems: StreamFileProblem[] = read.ok ? [] : [...read.problems];
  const prefix = `TILLSTREAM_SINK_${sink.name.toUpperCase().replaceAll('-', '_')}_`;
  const url = addressOf(sink, environment) ?? '';
  const refusal = refusedUrl(url, prefix);
  if (refusal !== null) problems.push(sinkProblem(sink, ['where'], refusal));
  const { SECRET, PREVIOUS_SECRET, TOKEN, USER, PASSWORD } = environment.variables;
  const secrets = [SECRET, PREVIOUS_SECRET].filter((secret) => secret !== undefined);
  if (SECRET === undefined) {
    problems.push(
      sinkProblem(sink, [], `deliveries are signed: set ${prefix}SECRET to a secret that the receiver has too`),
    );
  }
  if ((USER === undefined) !== (PASSWORD === undefined)) {
    problems.push(sinkProblem(sink, [], `${prefix}USER and ${prefix}PASSWORD are set together or not at all`));
  }
  if (!read.ok || problems.length > 0) return { ok: false, problems };
  const { headers, timeout: timeoutMs } = read.settings;
  const authorization = authorizationOf({ TOKEN, USER, PASSWORD });
  const receiver = new Receiver(
    { url, secrets, authorization, headers, timeoutMs, variables: prefix },
    environment.clock,
  );
  return { ok: true, sink: new WebhookSink(sink.name, definition, read.settings, receiver) };
}

function authorizationOf({
  TOKEN,
  USER,
  PASSWORD,
}: Readonly<Record<'TOKEN' | 'USER' | 'PASSWORD', string | undefined>>): string | null {
  if (TOKEN !== undefined) return `Bearer ${TOKEN}`;
  if (USER === undefined) return null;
  return `Basic ${Buffer.from(`${USER}:${PASSWORD ?? ''}`).toString('base64')}`;
}

/** Why this cannot be the address of a receiver; null: it can. */
function refusedUrl(url: string, prefix: string): string | null {
  if (url === '') return `is missing: give an address such as https://shop.example/hooks there or in ${prefix}WHERE`;
  if (!URL.canParse(url) || !/^https?:\/\//.test(url)) return 'must be an address such as https://shop.example/hooks';
  const { username, password } = new URL(url);
  return username === '' && password === ''
    ? null
    : `must have no credentials in it: give them in ${prefix}USER and ${prefix}PASSWORD`;
}
