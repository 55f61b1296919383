/**
 * What a log may tell of an error beside its name, message and stack. Others are left out: libraries hang upon their errors what was
 * sent, and with it passwords and events.
 */
const TOLD = [
  ...['code', 'errno', 'syscall', 'address', 'port', 'hostname', 'host', 'broker', 'nodeId'],
  ...['type', 'retriable', 'retryable', 'status', 'statusCode', 'severity', 'schema', 'table', 'constraint'],
  ...['topic', 'partition', 'offset', 'begin', 'end', 'task', 'stream', 'sink', 'feed', 'metric', 'groupId'],
] as const;

/** Causes of causes are told so far, and of several errors that one stands for so many. */
const DEPTH = 4;
const SIBLINGS = 5;

/** An error as it stands in the log. What is no error is told by its type alone, for it could be anything. */
export function describeError(error: unknown, depth = DEPTH): object {
  if (!(error instanceof Error)) return { type: typeof error, message: typeof error === 'string' ? error : undefined };
  const described: Record<string, unknown> = { name: error.name, message: error.message, stack: error.stack };
  for (const property of TOLD) {
    const value = (error as unknown as Record<string, unknown>)[property];
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
      described[property] = value;
  }
  if (depth > 0 && error.cause !== undefined) described['cause'] = describeError(error.cause, depth - 1);
  if (depth > 0 && error instanceof AggregateError) {
    described['errors'] = error.errors.slice(0, SIBLINGS).map((one) => describeError(one, depth - 1));
  }
  return described;
}
