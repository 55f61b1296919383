import type { OwnServers as Servers } from '../../rig/own-servers';
import { startServersWith } from '../../rig/own-servers';
import type { LocalStore } from '../store';
import { openStore } from '../store';

/** A broker of a scenario's own, and a Redis that things can happen to. */
export type OwnServers = Servers<LocalStore>;

/** Starts both and names them in the environment, where `Platform` looks for them. */
export function startOwnServers(): Promise<OwnServers> {
  return startServersWith(async (dataDir) => {
    const store = await openStore(dataDir);
    return { store, url: store.url, stop: () => store.close() };
  });
}
