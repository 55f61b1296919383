/** Those who want the same thing have it one after the other, in the order in which they asked. */
export class Turns {
  private readonly last = new Map<string, Promise<unknown>>();

  take<T>(target: string, work: () => Promise<T>): Promise<T> {
    const turn = (this.last.get(target) ?? Promise.resolve()).then(work);
    this.last.set(
      target,
      turn.catch(() => undefined),
    );
    return turn;
  }
}
