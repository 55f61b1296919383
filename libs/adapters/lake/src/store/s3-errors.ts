import { SinkRefusedError, SinkUnavailableError } from '@tillstream/engine';

/** The name of an error of the S3 client, by which the protocol tells errors apart, and the status of the answer if there was one. */
export interface S3Failure {
  readonly name: string;
  readonly status: number | null;
  readonly message: string;
}

export function failureOf(error: unknown): S3Failure {
  const { name, message, code, $metadata } = error as {
    readonly name?: string;
    readonly message?: string;
    readonly code?: string;
    readonly $metadata?: { readonly httpStatusCode?: number };
  };
  return {
    name: name ?? code ?? 'Error',
    status: $metadata?.httpStatusCode ?? null,
    message: [name, message].filter(Boolean).join(': ') || (code ?? String(error)),
  };
}

/** Something is there already. */
export function isPresent({ name, status }: S3Failure): boolean {
  return status === 412 || name === 'PreconditionFailed';
}

/** Somebody puts the same at this moment; who has won is seen when it is asked again. */
export function isConflict({ name, status }: S3Failure): boolean {
  return status === 409 || name === 'ConditionalRequestConflict';
}

export function isAbsent({ name, status }: S3Failure): boolean {
  return name === 'NoSuchKey' || name === 'NotFound' || (status === 404 && name !== 'NoSuchBucket');
}

const REMEDIES: Readonly<Record<string, string>> = {
  NoSuchBucket: 'There is no such bucket. Make it, or declare another',
  InvalidBucketName: 'Declare a bucket with a name that can be',
  AccessDenied:
    'Give the key the rights s3:ListBucket on the bucket and s3:GetObject, s3:PutObject and s3:DeleteObject on what is in it',
  InvalidAccessKeyId: 'Correct TILLSTREAM_SINK_LAKE_USER, the id of the access key',
  SignatureDoesNotMatch: 'Correct TILLSTREAM_SINK_LAKE_SECRET, the secret of the access key',
  CredentialsProviderError:
    'Give an access key in TILLSTREAM_SINK_LAKE_USER and TILLSTREAM_SINK_LAKE_SECRET, or give the machine a role',
  ExpiredToken: 'The credentials have run out. Give new ones',
  PermanentRedirect: 'The bucket is in another region. Correct TILLSTREAM_SINK_LAKE_REGION',
  AuthorizationHeaderMalformed: 'The bucket is in another region. Correct TILLSTREAM_SINK_LAKE_REGION',
  NotImplemented:
    'The store lacks something of S3 that the lake needs. Declare another store, or a newer version of it',
};

/** What an error means for the store at `address`, as the port of a sink says it. */
export function s3Error(error: unknown, address: string): unknown {
  if (error instanceof SinkRefusedError || error instanceof SinkUnavailableError) return error;
  if (error instanceof TypeError || error instanceof RangeError) return error;
  const failure = failureOf(error);
  const byStatus = failure.status === 403 ? 'AccessDenied' : failure.status === 301 ? 'PermanentRedirect' : '';
  const remedy = REMEDIES[failure.name] ?? REMEDIES[byStatus];
  if (remedy !== undefined) {
    return new SinkRefusedError(`the bucket at ${address} refuses: ${failure.message}. ${remedy}.`, { cause: error });
  }
  return new SinkUnavailableError(`the bucket at ${address} does not answer as it should: ${failure.message}`, null, {
    cause: error,
  });
}
