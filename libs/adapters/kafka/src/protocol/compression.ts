import { gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync, constants } from 'node:zlib';
import { compressFrameSync, decompressFrameSync } from 'lz4-napi';
import { compressSync as snappyCompress, uncompressSync as snappyUncompress } from 'snappy';

export type Compression = 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd';

interface Codec {
  compress(bytes: Buffer): Buffer;
  decompress(bytes: Buffer): Buffer;
}

/** Java's clients wrap snappy blocks: a magic, two versions, then blocks that each begin with their length. */
const XERIAL_MAGIC = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00]);
const XERIAL_HEADER_BYTES = 16;

/**
 * What one batch may become. A batch of a megabyte can say that it is gigabytes; what producers really put into one is
 * smaller by far. lz4 needs no bound of ours: it makes 255 bytes of one at most.
 */
const MAX_DECOMPRESSED_BYTES = 128 * 1024 * 1024;
const BOUNDED = { maxOutputLength: MAX_DECOMPRESSED_BYTES };

function uncompressSnappy(bytes: Buffer): Buffer {
  if (!bytes.subarray(0, XERIAL_MAGIC.length).equals(XERIAL_MAGIC))
    return uncompressBlock(bytes, MAX_DECOMPRESSED_BYTES);
  const blocks: Buffer[] = [];
  let left = MAX_DECOMPRESSED_BYTES;
  for (let at = XERIAL_HEADER_BYTES; at < bytes.length;) {
    const length = bytes.readInt32BE(at);
    if (length < 0) throw new RangeError(`a block of ${length} bytes`);
    const block = uncompressBlock(bytes.subarray(at + 4, at + 4 + length), left);
    blocks.push(block);
    left -= block.length;
    at += 4 + length;
  }
  return Buffer.concat(blocks);
}

/** The decoder allocates what a block says of itself, in a number before it. */
function uncompressBlock(bytes: Buffer, most: number): Buffer {
  let claimed = 0;
  for (let i = 0, weight = 1; i < bytes.length; i++, weight *= 128) {
    claimed += ((bytes[i] as number) & 127) * weight;
    if ((bytes[i] as number) < 128) break;
  }
  if (claimed > most) throw new RangeError(`it says that it becomes ${claimed} bytes`);
  return Buffer.from(snappyUncompress(bytes));
}

/** In the order of their numbers in a batch's attributes. */
const NAMES: readonly Compression[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd'];

const CODECS: Readonly<Record<Exclude<Compression, 'none'>, Codec>> = {
  gzip: { compress: (bytes) => gzipSync(bytes, { level: 1 }), decompress: (bytes) => gunzipSync(bytes, BOUNDED) },
  snappy: { compress: (bytes) => snappyCompress(bytes), decompress: uncompressSnappy },
  lz4: { compress: (bytes) => compressFrameSync(bytes), decompress: (bytes) => decompressFrameSync(bytes) },
  zstd: {
    compress: (bytes) => zstdCompressSync(bytes, { params: { [constants.ZSTD_c_compressionLevel]: 1 } }),
    decompress: (bytes) => zstdDecompressSync(bytes, BOUNDED),
  },
};

/** Number of a codec in a batch's attributes. */
export function numberOf(compression: Compression): number {
  return NAMES.indexOf(compression);
}

export function compress(compression: Compression, bytes: Buffer): Buffer {
  return compression === 'none' ? bytes : CODECS[compression].compress(bytes);
}

/**
 * @throws Error for a number that stands for no codec, and what the codec throws for bytes that are not its own or would
 *   become more than a batch can hold.
 */
export function decompress(number: number, bytes: Buffer): Buffer {
  const name = NAMES[number];
  if (name === undefined) throw new Error(`compression ${number} is not known`);
  return name === 'none' ? bytes : CODECS[name].decompress(bytes);
}
