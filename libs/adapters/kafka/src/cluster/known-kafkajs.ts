import { crc32c } from '@node-rs/crc32';
import { version } from 'kafkajs/package.json';

const KNOWN_VERSION = '2.2.4';
/** CRC-32C of the nine digits, from the catalogue of CRC algorithms. */
const CHECK_INPUT = '123456789';
const CHECK_VALUE = 0xe3069283;

/**
 * The adapter stands on kafkajs's inner modules and on native checksums: refuses to start on others.
 * @throws Error that names what is wrong.
 */
export function assertKnownKafkajs(foundVersion: string = version, checksum: (text: string) => number = crc32c): void {
  if (foundVersion !== KNOWN_VERSION) {
    throw new Error(
      `kafkajs ${foundVersion} is installed, but the Kafka adapter is written against ${KNOWN_VERSION} exactly`,
    );
  }
  const found = checksum(CHECK_INPUT);
  if (found !== CHECK_VALUE) throw new Error(`@node-rs/crc32 computes ${found} where CRC-32C is ${CHECK_VALUE}`);
}
