/** A session or purchase to be told, and the settings under which it was found. */
export interface Found<Told, Settings extends { readonly identity: string }> {
  readonly told: Told;
  readonly settings: Pick<Settings, 'identity'>;
}

/** The hash in the identity of settings: what stands behind its `@`. */
export function hashOf({ identity }: { readonly identity: string }): string {
  return identity.slice(identity.lastIndexOf('@') + 1);
}
