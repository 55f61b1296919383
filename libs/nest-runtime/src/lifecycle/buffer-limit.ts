import { setFlagsFromString } from 'node:v8';

const FLAG = '--external-memory-accounted-in-global-limit';
/** Others complain of a flag they do not know. */
const KNOWN_TO = /^13\.6\./;

/**
 * Lets buffers count towards the limit of the heap, which grows with what is alive. Without this V8 marks the whole heap
 * after every 64 MiB of new buffers, however short they live: for who passes bodies and batches on, half of the work.
 * A process with little memory is not affected: V8 then collects as often as before.
 */
export function countBuffersInHeapLimit(v8: string = process.versions.v8, setFlag = setFlagsFromString): void {
  if (KNOWN_TO.test(v8)) setFlag(FLAG);
}
