import { status } from '@grpc/grpc-js';
import type { Clock } from '@tillstream/engine';
import { GrpcStatusError, type CallContext } from '@tillstream/nest-runtime';
import type { QueryMetrics } from '../metrics/query-metrics';

export type Handle<Request, Response> = (request: Request, context: CallContext) => Promise<Response>;

/** Measures how long a call takes, by how it ends. */
export function timed<Request, Response>(
  method: string,
  { metrics, clock }: { readonly metrics: Pick<QueryMetrics, 'answered'>; readonly clock: Clock },
  handle: Handle<Request, Response>,
): Handle<Request, Response> {
  return async (request, context) => {
    const startedMs = clock.monotonicMs();
    let code = status.INTERNAL;
    try {
      const response = await handle(request, context);
      code = context.signal.aborted ? status.CANCELLED : status.OK;
      return response;
    } catch (error) {
      if (error instanceof GrpcStatusError) code = error.code;
      throw error;
    } finally {
      metrics.answered(method, status[code], (clock.monotonicMs() - startedMs) / 1000);
    }
  };
}
