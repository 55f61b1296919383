/** The configuration cannot be used. Carries every problem at once, one line each; the process prints them and ends with code 1. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly code = 'CONFIG_INVALID';

  constructor(readonly problems: readonly string[]) {
    super(problems.join('\n'));
  }
}
