/** Processing time. Paces work (cadences, time-outs, idleness); decides nothing about an event. */
export interface Clock {
  /** Wall time, epoch ms. */
  nowMs(): number;
  /** Never goes back; for measuring elapsed time. */
  monotonicMs(): number;
  sleep(ms: number): Promise<void>;
}

/** Unpredictable bytes: tokens and incarnations. */
export interface Random {
  /** `bytes` random bytes as lower-case hex. */
  hex(bytes: number): string;
}
