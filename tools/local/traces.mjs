import { startJaeger } from './jaeger.mjs';
import { startZipkin } from './zipkin.mjs';

/**
 * A trace back end with pages for people: Jaeger where there is one (a `jaeger` on the PATH, or a Docker engine that runs its
 * image), else Zipkin by Maven.
 *
 * @param {{ dataDir: string, port?: number }} options port 0 (the default): a free one
 * @returns {Promise<import('./zipkin.mjs').Zipkin & { name: string }>} `address` is that of the pages
 * @throws {Error} when neither is to be had, with the remedy
 */
export async function startTraces(options) {
  const jaeger = await startJaeger({ ...options, withPages: true });
  if (jaeger) return { ...jaeger, name: 'Jaeger' };
  const zipkin = await startZipkin(options);
  return { ...zipkin, address: `${zipkin.address}/zipkin`, name: 'Zipkin' };
}
