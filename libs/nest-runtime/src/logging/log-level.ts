import type { ServiceLogger } from './logger';

const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const;
const DEFAULT_SECONDS = 600;
const MAX_SECONDS = 86_400;

/** What somebody asks for: a level, for a while. */
export interface LevelRequest {
  readonly level: (typeof LEVELS)[number];
  readonly forSeconds: number;
}

/** @returns a text that says what is wrong */
export function parseLevelRequest(body: unknown): LevelRequest | string {
  const { level, forSeconds = DEFAULT_SECONDS } = (typeof body === 'object' && body !== null ? body : {}) as Record<
    string,
    unknown
  >;
  const known = LEVELS.find((one) => one === level);
  if (known === undefined) return `level must be one of ${LEVELS.join(', ')}`;
  if (typeof forSeconds !== 'number' || !Number.isInteger(forSeconds) || forSeconds < 1 || forSeconds > MAX_SECONDS) {
    return `forSeconds must be a whole number from 1 to ${MAX_SECONDS}`;
  }
  return { level: known, forSeconds };
}

/** The level of a service's log, which may be another for a while: nobody has to remember to set it back. */
export class LogLevel {
  private readonly usual: string;
  private back: NodeJS.Timeout | undefined;

  constructor(private readonly logger: Pick<ServiceLogger, 'level' | 'warn'>) {
    this.usual = logger.level;
  }

  get now(): string {
    return this.logger.level;
  }

  set({ level, forSeconds }: LevelRequest): void {
    clearTimeout(this.back);
    this.logger.warn({ level, forSeconds, usual: this.usual }, 'log_level_changed');
    this.logger.level = level;
    this.back = setTimeout(() => {
      this.logger.level = this.usual;
      this.logger.warn({ level: this.usual }, 'log_level_restored');
    }, forSeconds * 1000).unref();
  }
}
