const STAR = 0x2a;
const DOLLAR = 0x24;
const CRLF = '\r\n';

/** One command as it went over the wire. */
export interface RespCommand {
  readonly args: readonly Buffer[];
  /** The same, unchanged. */
  readonly bytes: Buffer;
}

/** Cuts what a client of Redis sends into commands. Every client library sends arrays of strings, and nothing else. */
export class RespCommands {
  private rest: Buffer = Buffer.alloc(0);

  /** The commands that are complete now. @throws Error for what is no array of strings */
  push(chunk: Buffer): RespCommand[] {
    this.rest = this.rest.length === 0 ? chunk : Buffer.concat([this.rest, chunk]);
    const commands: RespCommand[] = [];
    for (let command = this.take(); command; command = this.take()) commands.push(command);
    return commands;
  }

  private take(): RespCommand | null {
    const count = this.header(0, STAR);
    if (!count) return null;
    const args: Buffer[] = [];
    let at = count.end;
    while (args.length < count.value) {
      const length = this.header(at, DOLLAR);
      if (!length || this.rest.length < length.end + length.value + CRLF.length) return null;
      args.push(this.rest.subarray(length.end, length.end + length.value));
      at = length.end + length.value + CRLF.length;
    }
    const bytes = this.rest.subarray(0, at);
    this.rest = this.rest.subarray(at);
    return { args, bytes };
  }

  /** A line of a type and a number; null when it has not all come yet. */
  private header(at: number, type: number): { readonly value: number; readonly end: number } | null {
    if (this.rest.length <= at) return null;
    if (this.rest[at] !== type)
      throw new Error(`a client of Redis sends ${this.rest.subarray(at, at + 20).toString()}`);
    const end = this.rest.indexOf(CRLF, at);
    return end < 0 ? null : { value: Number(this.rest.toString('latin1', at + 1, end)), end: end + CRLF.length };
  }
}
