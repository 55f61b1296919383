import { freePort } from '@tillstream/local';

const taken = new Set<number>();

/** A free port that this process has not been given before: with dozens of them, chance would give one out twice. */
export async function ownPort(): Promise<number> {
  for (;;) {
    const port = await freePort();
    if (taken.has(port)) continue;
    taken.add(port);
    return port;
  }
}
