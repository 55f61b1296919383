import { randomBytes } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import {
  DeleteObjectsCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { SinkRefusedError, SinkUnavailableError } from '@tillstream/engine';
import { FileCache } from './file-cache';
import type { ObjectContent, ObjectStore, StoredObject } from './object-store';
import { failureOf, isAbsent, isConflict, isPresent, s3Error } from './s3-errors';
import { makeScratch, removeStaleScratch } from './scratch-directories';
import type { StoreAccess } from './store-access';

const CONNECT_MS = 5_000;
/** Without a byte for so long a connection is given up. */
const SILENCE_MS = 30_000;
const ATTEMPTS = 4;
/** As many as the protocol takes at once. */
const REMOVED_AT_ONCE = 1_000;
const CACHE_BYTES = 4 * 1024 ** 3;

/** What goes wrong is thrown; a client that writes to the console as well would break the services' logs. */
const SILENT = { trace: nothing, debug: nothing, info: nothing, warn: nothing, error: nothing };

function nothing(): void {}

/** A bucket that speaks S3, or what of it begins with a prefix. Objects appear by `If-None-Match: *`. */
export class S3ObjectStore implements ObjectStore {
  readonly address: string;
  private readonly bucket: string;
  /** Empty, or ends with `/`. */
  private readonly prefix: string;
  private readonly client: S3Client;
  private readonly cache: FileCache;
  private readonly scratchParent: string;

  /** @param where `s3://bucket/prefix` */
  constructor(where: string, { user, secret, endpoint, region, cache }: StoreAccess) {
    const match = /^s3a?:\/\/([^/]+)\/*(.*?)\/*$/u.exec(where);
    if (match === null) throw new SinkRefusedError(`${where} names no bucket. Declare it as s3://bucket/prefix.`);
    const [, bucket = '', prefix = ''] = match;
    this.bucket = bucket;
    this.prefix = prefix === '' ? '' : `${prefix}/`;
    this.address = `s3://${bucket}/${prefix}${endpoint === null ? '' : ` on ${endpoint}`}`;
    this.client = new S3Client({
      region: region ?? 'us-east-1',
      ...(endpoint === null ? {} : { endpoint, forcePathStyle: true }),
      ...(user === null || secret === null ? {} : { credentials: { accessKeyId: user, secretAccessKey: secret } }),
      maxAttempts: ATTEMPTS,
      requestHandler: { connectionTimeout: CONNECT_MS, socketTimeout: SILENCE_MS },
      // Checksums behind a body are not understood by every store that speaks S3; TLS and Parquet have their own.
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
      logger: SILENT,
    });
    const parent = cache?.directory ?? join(tmpdir(), 'tillstream-lake');
    this.cache = new FileCache(join(parent, 'cache'), cache?.bytes ?? CACHE_BYTES, this.address);
    this.scratchParent = join(parent, 'scratch');
  }

  async prepare(): Promise<void> {
    await removeStaleScratch(this.scratchParent, Date.now());
    const path = `.tillstream-probe-${randomBytes(8).toString('hex')}`;
    await this.putIfAbsent(path, new Uint8Array(1)); // false where it had to be asked twice and the first answer was lost
    const again = await this.putIfAbsent(path, new Uint8Array(2));
    await this.remove([path]);
    if (again) {
      throw new SinkRefusedError(
        `the store at ${this.address} takes an object with If-None-Match where there is one, so two writers would not notice each ` +
          'other. Declare a store that honours it (AWS, MinIO, Ceph, R2 and others in versions since 2024), or a directory.',
      );
    }
  }

  async *list(prefix: string, after = ''): AsyncIterable<StoredObject> {
    let token: string | undefined;
    do {
      const page = await this.guarded(() =>
        this.client.send(
          new ListObjectsV2Command({
            ...this.keyed(prefix, 'Prefix'),
            ...(token !== undefined
              ? { ContinuationToken: token }
              : after === ''
                ? {}
                : { StartAfter: this.prefix + after }),
          }),
        ),
      );
      for (const { Key, Size, LastModified } of page.Contents ?? []) {
        if (Key === undefined) continue;
        yield { path: Key.slice(this.prefix.length), bytes: Size ?? 0, modifiedMs: LastModified?.getTime() ?? 0 };
      }
      token = page.IsTruncated === true ? page.NextContinuationToken : undefined;
    } while (token !== undefined);
  }

  read(path: string): Promise<Uint8Array | null> {
    return this.guarded(async () => {
      try {
        const { Body } = await this.client.send(new GetObjectCommand(this.keyed(path)));
        return (await Body?.transformToByteArray()) ?? new Uint8Array(0);
      } catch (error) {
        if (isAbsent(failureOf(error))) return null;
        throw error;
      }
    });
  }

  async putIfAbsent(path: string, content: ObjectContent): Promise<boolean> {
    const done = await this.guarded(() => this.tryToPut(path, content));
    if (done && !(content instanceof Uint8Array)) await rm(content.file, { force: true });
    return done;
  }

  async replace(path: string, content: Uint8Array): Promise<void> {
    await this.guarded(() => this.client.send(new PutObjectCommand({ ...this.keyed(path), Body: content })));
  }

  async remove(paths: readonly string[]): Promise<void> {
    for (let start = 0; start < paths.length; start += REMOVED_AT_ONCE) {
      const Objects = paths.slice(start, start + REMOVED_AT_ONCE).map((path) => ({ Key: this.prefix + path }));
      const { Errors } = await this.guarded(() =>
        this.client.send(new DeleteObjectsCommand({ Bucket: this.bucket, Delete: { Objects, Quiet: true } })),
      );
      const failed = Errors?.find(({ Code }) => Code !== 'NoSuchKey');
      if (failed) throw s3Error({ name: failed.Code, message: `${failed.Key}: ${failed.Message}` }, this.address);
    }
  }

  local(path: string): Promise<string> {
    return this.cache.provide(path, (file) => this.guarded(() => this.download(path, file)));
  }

  scratch(): Promise<string> {
    return makeScratch(this.scratchParent);
  }

  private async download(path: string, file: string): Promise<void> {
    try {
      const { Body } = await this.client.send(new GetObjectCommand(this.keyed(path)));
      if (!(Body instanceof Readable)) throw new Error('an answer without a body');
      await pipeline(Body, createWriteStream(file));
    } catch (error) {
      if (isAbsent(failureOf(error))) throw new SinkRefusedError(missing(path, this.address), { cause: error });
      throw error;
    }
  }

  private async tryToPut(path: string, content: ObjectContent): Promise<boolean> {
    for (let attempt = 1; ; attempt++) {
      try {
        const body = content instanceof Uint8Array ? { Body: content } : await fileBody(content.file);
        await this.client.send(new PutObjectCommand({ ...this.keyed(path), ...body, IfNoneMatch: '*' }));
        return true;
      } catch (error) {
        const failure = failureOf(error);
        if (isPresent(failure)) return false;
        // The client repeats requests by itself, but not those with a stream in them.
        const isWorthIt =
          isConflict(failure) ||
          (!(content instanceof Uint8Array) && s3Error(error, '') instanceof SinkUnavailableError);
        if (!isWorthIt || attempt === ATTEMPTS) throw error;
      }
    }
  }

  private keyed(path: string): { Bucket: string; Key: string };
  private keyed(path: string, as: 'Prefix'): { Bucket: string; Prefix: string };
  private keyed(path: string, as: 'Key' | 'Prefix' = 'Key') {
    return { Bucket: this.bucket, [as]: this.prefix + path };
  }

  private async guarded<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw s3Error(error, this.address);
    }
  }
}

async function fileBody(file: string): Promise<{ Body: Readable; ContentLength: number }> {
  return { ContentLength: (await stat(file)).size, Body: createReadStream(file) };
}

function missing(path: string, address: string): string {
  return `${address} has no ${path} any more: somebody has removed a file of the lake, or a reader was too long with what it had read`;
}
