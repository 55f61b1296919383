import { MAX_BODY_BYTES } from '@tillstream/contracts';
import { createParser } from 'eventsource-parser';
import { fetchProblem } from '../relay/fetch-problem';
import { retryAfterMs } from '../relay/retry-after';
import { SourceProblem } from './source-problem';

/** An event as the source sent it. */
export interface SourceEvent {
  readonly data: string;
  /** Where to go on behind it: what the source takes as `Last-Event-ID`. Null: it has never said. */
  readonly id: string | null;
}

export interface SseSourceOptions {
  readonly url: URL;
  /** Where to begin without an id, for sources that know it. */
  readonly since: string | null;
  readonly userAgent: string;
  /** A connection on which nothing has come for so long is given up. */
  readonly stallMs: number;
}

/** Told what a connection brings. */
export interface SourceListener {
  opened(): void;
  /** The source wants this pause between two connections. */
  retryAsked(ms: number): void;
  /** Events of another type than `message`: notices of the source, not of what it tells about. */
  passedOver(type: string): void;
  /** Nothing more is read until it resolves. */
  take(events: readonly SourceEvent[]): Promise<void>;
}

/** An event that is longer never ends. Of as many characters the gateway still takes the body, to say that the event is too large. */
const MOST_CHARACTERS = Math.floor(MAX_BODY_BYTES / 4);

/** Reads server-sent events (the `text/event-stream` of the HTML standard), one connection at a time. */
export class SseSource {
  constructor(
    private readonly options: SseSourceOptions,
    private readonly nowMs: () => number,
  ) {}

  /**
   * Connects and reads until the source ends the connection. An event that it cuts off is dropped, as the standard says:
   * it comes whole with the next connection.
   *
   * @param lastEventId of the last event that is known
   * @throws SourceProblem; whatever `signal` was aborted with
   */
  async read(lastEventId: string | null, listener: SourceListener, signal: AbortSignal): Promise<void> {
    const stall = new StallWatch(this.options.stallMs);
    try {
      const stop = AbortSignal.any([signal, stall.signal]);
      const answer = await this.connect(lastEventId, stop, stall);
      listener.opened();
      await readEvents(answer, lastEventId, listener, stop, stall);
    } catch (error) {
      signal.throwIfAborted();
      if (stall.hasPassed) throw new SourceProblem('stalled', `nothing came for ${this.options.stallMs / 1000} s`);
      throw error;
    } finally {
      stall.stop();
    }
  }

  private async connect(lastEventId: string | null, signal: AbortSignal, stall: StallWatch): Promise<Response> {
    const { since, userAgent } = this.options;
    const url = new URL(this.options.url);
    if (lastEventId === null && since !== null) url.searchParams.set('since', since);
    const headers = {
      accept: 'text/event-stream',
      'cache-control': 'no-store',
      'user-agent': userAgent,
      ...(lastEventId === null ? {} : { 'last-event-id': lastEventId }),
    };
    stall.start();
    const answer = await fetch(url, { headers, signal }).catch((error: unknown) => {
      signal.throwIfAborted();
      throw new SourceProblem('unreachable', `no answer: ${fetchProblem(error)}`);
    });
    const problem = this.problemOf(answer);
    if (problem === null) return answer;
    await answer.body?.cancel().catch(() => undefined);
    throw problem;
  }

  private problemOf({ status, headers }: Response): SourceProblem | null {
    if (status === 204) return new SourceProblem('no-more', 'the source has said that there is no more (204)');
    if (status !== 200) {
      const asked = retryAfterMs(headers.get('retry-after'), this.nowMs());
      return new SourceProblem('refused', `the source answered ${status}`, asked);
    }
    const type = headers.get('content-type') ?? '';
    if (/^text\/event-stream\s*(;|$)/i.test(type)) return null;
    return new SourceProblem('refused', `the source answers with ${type || 'no type'}, not with text/event-stream`);
  }
}

async function readEvents(
  answer: Response,
  lastEventId: string | null,
  listener: SourceListener,
  signal: AbortSignal,
  stall: StallWatch,
): Promise<void> {
  let id = lastEventId;
  let tooLarge = false;
  let events: SourceEvent[] = [];
  const parser = createParser({
    maxBufferSize: MOST_CHARACTERS,
    onId: (said) => (id = said === '' ? null : said),
    onRetry: (ms) => listener.retryAsked(ms),
    onEvent: ({ event, data }) => {
      if (event !== undefined && event !== 'message') listener.passedOver(event);
      else if (data.trim() !== '') events.push({ data, id });
    },
    onError: ({ type }) => (tooLarge ||= type === 'max-buffer-size-exceeded'),
  });
  const decoder = new TextDecoder();
  try {
    for await (const chunk of answer.body ?? []) {
      stall.stop();
      parser.feed(decoder.decode(chunk as Uint8Array, { stream: true }));
      if (tooLarge) throw new SourceProblem('event-too-large', `an event has over ${MOST_CHARACTERS} characters`);
      if (events.length > 0) await listener.take(events);
      events = [];
      signal.throwIfAborted();
      stall.start();
    }
  } catch (error) {
    signal.throwIfAborted();
    throw error instanceof SourceProblem
      ? error
      : new SourceProblem('cut', `the connection broke: ${fetchProblem(error)}`);
  }
}

/** Aborts when it has run for too long without being started anew. It does not run while we ourselves hold up the reading. */
class StallWatch {
  private readonly controller = new AbortController();
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly ms: number) {}

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  get hasPassed(): boolean {
    return this.controller.signal.aborted;
  }

  start(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.controller.abort(), this.ms);
  }

  stop(): void {
    clearTimeout(this.timer);
  }
}
