const UP_AND_CLEAR = (lines: number): string => (lines === 0 ? '' : `\x1b[${lines}A\x1b[0J`);

/** A block of lines that is drawn again in its place, with messages that stay above it. */
export class Screen {
  private drawn = 0;

  constructor(private readonly terminal: { readonly columns?: number; write(text: string): unknown }) {}

  show(lines: readonly string[]): void {
    // A line that wraps would take more room than is cleared the next time.
    const cut = lines.map((line) => [...line].slice(0, (this.terminal.columns ?? 100) - 1).join(''));
    this.terminal.write(`${UP_AND_CLEAR(this.drawn)}${cut.map((line) => `${line}\n`).join('')}`);
    this.drawn = lines.length;
  }

  /** A message: the block comes again below it. */
  say(line: string): void {
    this.terminal.write(`${UP_AND_CLEAR(this.drawn)}${line}\n`);
    this.drawn = 0;
  }
}
