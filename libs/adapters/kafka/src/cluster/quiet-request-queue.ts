import RequestQueue from 'kafkajs/src/network/requestQueue';

const { scheduleCheckPendingRequests } = RequestQueue.prototype;

/**
 * kafkajs sets a timer after every answer to look for requests that wait, with a negative time when none do: Node
 * warns of that, and it wakes an idle process. Without waiting requests there is nothing to look for.
 */
export function quietRequestQueues(): void {
  RequestQueue.prototype.scheduleCheckPendingRequests = function scheduleIfAnyWait(this: RequestQueue): void {
    if (this.pending.length > 0) scheduleCheckPendingRequests.call(this);
  };
}
