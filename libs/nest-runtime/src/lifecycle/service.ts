import type { ReadinessCheck } from '../health/readiness';

/** A service as composed by its `create-<app>.ts`: what the runtime starts, asks and stops. */
export interface Service {
  readonly readinessChecks: readonly ReadinessCheck[];
  /** Called once `/healthz` answers. A rejection ends the process. */
  start(): Promise<void>;
  /**
   * Stops taking work and finishes what is in flight; answers to callers still go out.
   *
   * @param hurry aborted when there is hardly any time left: what has not been finished by then is given up, in a way that
   *   whoever goes on can take it up again
   */
  drain(hurry: AbortSignal): Promise<void>;
  /** Closes connections to the outside, when no request is left that could need them. */
  close(): Promise<void>;
}

/** Prometheus' text format; prom-client's Registry is one. */
export interface MetricsSource {
  metrics(): Promise<string>;
}
