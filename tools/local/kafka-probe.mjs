import { ask } from './ports.mjs';

const METADATA = 3;

/**
 * How many brokers a broker says are up, by the smallest Metadata request there is (version 1, no topics). An open port
 * alone does not mean that requests are served.
 *
 * @param {number} port
 * @returns {Promise<number>}
 */
export async function liveBrokers(port) {
  const request = Buffer.alloc(18);
  request.writeInt32BE(14, 0); // bytes that follow
  request.writeInt16BE(METADATA, 4);
  request.writeInt16BE(1, 6); // version
  request.writeInt32BE(1, 8); // correlation id
  request.writeInt16BE(-1, 12); // no client id
  request.writeInt32BE(0, 14); // no topics
  const answer = await ask(port, request, (bytes) => bytes.length >= 4 && bytes.length >= 4 + bytes.readInt32BE(0));
  return answer.readInt32BE(8); // after size and correlation id: the length of the list of brokers
}
