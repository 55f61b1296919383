/** How a bucket is reached. A directory needs nothing of it. */
export interface StoreAccess {
  /** The id of the access key; null, as the secret: what the machine has of its own. */
  readonly user: string | null;
  readonly secret: string | null;
  /** Null: AWS; else the address of another store that speaks S3, `http://minio:9000`. */
  readonly endpoint: string | null;
  readonly region: string | null;
  /** Where files of a bucket are kept to be read, and up to how many bytes; null: 4 GiB below the system's temporary directory. */
  readonly cache: { readonly directory: string; readonly bytes: number } | null;
}

export const NO_ACCESS: StoreAccess = { user: null, secret: null, endpoint: null, region: null, cache: null };

/** What the environment says of a sink, by the last part of the variables' names. */
export function accessOf(variables: Readonly<Record<string, string>>): StoreAccess {
  return {
    user: variables['USER'] ?? null,
    secret: variables['SECRET'] ?? null,
    endpoint: variables['ENDPOINT'] ?? null,
    region: variables['REGION'] ?? null,
    cache: null,
  };
}
