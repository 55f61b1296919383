/**
 * Where an in-memory port hands control to whoever runs it: the seeded scheduler of a simulation, or plain time.
 * Every effect on shared state happens right after a turn, so a scheduler decides every interleaving.
 */
export interface Turn {
  /**
   * Resolves with `ready` once `ready()` holds and the scheduler picks this call, with `timeout` once the clock has
   * reached `deadlineMs`. A call of a process that has died never resolves.
   */
  wait(label: string, ready?: () => boolean, deadlineMs?: number): Promise<'ready' | 'timeout'>;
}
