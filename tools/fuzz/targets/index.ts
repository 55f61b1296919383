import type { FuzzTarget } from '../fuzz-target';

/** Loaded one at a time: each brings its own part of the product. */
const TARGETS: Readonly<Record<string, () => Promise<{ readonly target: FuzzTarget }>>> = {
  'raw-log': () => import('./raw-log'),
  'body-splitter': () => import('./body-splitter'),
  scalars: () => import('./scalars'),
  'event-batch': () => import('./event-batch'),
  'part-records': () => import('./part-records'),
  'small-records': () => import('./small-records'),
  tokens: () => import('./tokens'),
  expression: () => import('./expression'),
  'stream-file': () => import('./stream-file'),
  'kafka-answers': () => import('./kafka-answers'),
  checkpoint: () => import('./checkpoint'),
  'http-body': () => import('./http-body'),
  'grpc-payload': () => import('./grpc-payload'),
  'replay-csv': () => import('./replay-csv'),
};

export const targetNames: readonly string[] = Object.keys(TARGETS);

/** @throws Error naming the targets there are */
export async function loadTarget(name: string): Promise<FuzzTarget> {
  const load = TARGETS[name];
  if (load === undefined) throw new Error(`There is no target ${name}. There are: ${targetNames.join(', ')}`);
  return (await load()).target;
}
