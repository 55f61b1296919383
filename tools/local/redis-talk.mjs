import { ask } from './ports.mjs';

/**
 * The first line of the answer of a Redis on this machine.
 *
 * @param {number} port
 * @param {string} command
 * @returns {Promise<string>}
 */
export async function tell(port, command) {
  const answer = await ask(port, Buffer.from(`${command}\r\n`), (bytes) => bytes.includes('\n'));
  return answer.toString().split('\r\n')[0] ?? '';
}

/**
 * An answer of many lines.
 *
 * @param {number} port
 * @param {string} command
 * @returns {Promise<string>}
 */
export async function tellMuch(port, command) {
  const answer = await ask(port, Buffer.from(`${command}\r\n`), (bytes) => {
    const head = /^\$(\d+)\r\n/.exec(bytes.toString('latin1', 0, 32));
    return head !== null && bytes.length >= head[0].length + Number(head[1]) + 2;
  });
  const text = answer.toString();
  return text.slice(text.indexOf('\r\n') + 2, -2);
}

/**
 * @param {number} port
 * @param {string} command
 * @throws {Error} when Redis does not answer with OK
 */
export async function must(port, command) {
  const answer = await tell(port, command);
  if (!answer.startsWith('+OK')) throw new Error(`Redis on port ${port} answers ${command} with ${answer}`);
}
