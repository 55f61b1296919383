import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { GetObjectCommand, PutObjectCommand, S3Client, S3ServiceException } from '@aws-sdk/client-s3';

import { findPython, startS3 } from './index.mjs';

jest.setTimeout(180_000);

const there = findPython('an S3 of this machine') !== null;

(there ? describe : describe.skip)('a local S3', () => {
  let directory: string;
  let s3: Awaited<ReturnType<typeof startS3>>;
  let client: S3Client;

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'tillstream-s3-'));
    s3 = await startS3({ dataDir: directory, buckets: ['kept'] });
    const credentials = { accessKeyId: 'any', secretAccessKey: 'any' };
    client = new S3Client({ endpoint: s3.address, region: 'us-east-1', forcePathStyle: true, credentials });
  });

  afterAll(async () => {
    client.destroy();
    await s3.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  it('gives back what was put', async () => {
    expect(await put('an/object', 'its content')).toBe(200);
    const { Body } = await client.send(new GetObjectCommand({ Bucket: 'kept', Key: 'an/object' }));
    expect(await Body?.transformToString()).toBe('its content');
  });

  it('lets one of many put an object that must not be there', async () => {
    for (let i = 0; i < 20; i += 1) {
      const answers = await Promise.all(['a', 'b', 'c', 'd'].map((content) => put(`raced/${i}`, content, '*')));
      expect(answers.sort()).toEqual([200, 412, 412, 412]);
    }
  });

  /** The status of the answer. */
  async function put(key: string, content: string, ifNoneMatch?: string): Promise<number | undefined> {
    const command = new PutObjectCommand({
      ...{ Bucket: 'kept', Key: key, Body: content },
      ...(ifNoneMatch === undefined ? {} : { IfNoneMatch: ifNoneMatch }),
    });
    const answer = await client.send(command).catch((error: unknown) => {
      if (error instanceof S3ServiceException) return error;
      throw error;
    });
    return answer.$metadata.httpStatusCode;
  }
});
