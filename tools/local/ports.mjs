import { connect, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Below the range systems hand out to outgoing connections (Linux from 32768, macOS from 49152): a server that is killed
 * finds its port still free when it comes back, and a client that retries meanwhile cannot connect to itself.
 */
const FIRST = 20_000;
const LAST = 29_999;
/** Test files that run side by side each have every so manieth port: between asking and listening nobody takes another's. */
const SHARES = 4;
const SHARE = Number(process.env.JEST_WORKER_ID ?? 0) % SHARES;
/** What this process has been given: those whose servers have yet to start look free. */
const given = new Set();

/** @returns {Promise<number>} a port of the loopback interface that nobody listens on, never the same one twice */
export async function freePort() {
  for (let attempt = 0; attempt < 200; attempt++) {
    const port = FIRST + SHARES * Math.floor((Math.random() * (LAST - FIRST + 1)) / SHARES) + SHARE;
    if (given.has(port)) continue;
    given.add(port);
    if (await canListen(port)) return port;
  }
  throw new Error(`no free port found between ${FIRST} and ${LAST}`);
}

/**
 * @param {number} port
 * @returns {Promise<boolean>}
 */
export function canListen(port) {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/**
 * Sends bytes to a port of this machine and gives the first answer.
 *
 * @param {number} port
 * @param {Uint8Array} request
 * @param {(answer: Buffer) => boolean} isComplete
 * @returns {Promise<Buffer>}
 */
export function ask(port, request, isComplete) {
  return new Promise((resolve, reject) => {
    let answer = Buffer.alloc(0);
    const socket = connect({ port, host: '127.0.0.1' }, () => socket.write(request));
    socket.setTimeout(1_000, () => socket.destroy(new Error(`no answer on port ${port}`)));
    socket.once('error', reject);
    socket.once('close', () => reject(new Error(`port ${port} closed the connection`)));
    socket.on('data', (chunk) => {
      answer = Buffer.concat([answer, chunk]);
      if (!isComplete(answer)) return;
      resolve(answer);
      socket.destroy();
    });
  });
}

/**
 * Asks until the answer is yes.
 *
 * @param {object} options
 * @param {string} options.what for the message when time is up
 * @param {() => Promise<boolean>} options.isReady a rejection counts as no
 * @param {() => string | undefined} options.whyHopeless ends the wait at once when it has a reason
 * @param {number} options.timeoutMs
 */
export async function waitUntil({ what, isReady, whyHopeless, timeoutMs }) {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    if (await isReady().catch(() => false)) return;
    const reason = whyHopeless();
    if (reason !== undefined) throw new Error(`${what}: ${reason}`);
    if (Date.now() > deadline) throw new Error(`${what}: not ready after ${timeoutMs / 1000} s`);
    await sleep(50);
  }
}
