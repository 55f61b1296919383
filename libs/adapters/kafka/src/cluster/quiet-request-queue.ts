import RequestQueue from 'kafkajs/src/network/requestQueue';

// eslint-disable-next-line @typescript-eslint/unbound-method -- called on the queue it belongs to
const scheduleAlways = RequestQueue.prototype.scheduleCheckPendingRequests;

/**
 * kafkajs sets a timer after every answer to look for requests that wait, with a negative time when none do: Node
 * warns of that, and it wakes an idle process. Without waiting requests there is nothing to look for.
 */
export function quietRequestQueues(): void {
  RequestQueue.prototype.scheduleCheckPendingRequests = function scheduleIfAnyWait(this: RequestQueue): void {
    if (this.pending.length > 0) scheduleAlways.call(this);
  };
}
