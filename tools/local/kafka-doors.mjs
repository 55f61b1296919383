import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { freePort } from './ports.mjs';

/**
 * A way in: `tls`, `mtls` (a certificate must be shown), `saslTls` (a login over TLS), `saslPlain` (a login without TLS).
 *
 * @typedef {'tls' | 'mtls' | 'saslTls' | 'saslPlain'} DoorName
 */

/**
 * What a broker needs for its doors.
 *
 * @typedef {object} DoorOptions
 * @property {string} ca whose certificates clients must have at `mtls`; PEM, as the next two
 * @property {string} cert of the broker
 * @property {string} key of the broker, in PKCS #8
 * @property {Readonly<Record<string, string>>} users passwords by name; all mechanisms know them
 */

/** @typedef {{ addresses: Readonly<Record<DoorName, string>>, ports: Readonly<Record<DoorName, number>>, files: { key: string, ca: string } }} Doors */

/** @type {Readonly<Record<DoorName, string>>} */
const PROTOCOLS = { tls: 'SSL', mtls: 'SSL', saslTls: 'SASL_SSL', saslPlain: 'SASL_PLAINTEXT' };
const NAMES = /** @type {DoorName[]} */ (Object.keys(PROTOCOLS));
const SCRAM = ['SCRAM-SHA-256', 'SCRAM-SHA-512'];

/**
 * Gives the doors ports, and writes what they show.
 *
 * @param {DoorOptions | undefined} options
 * @param {string} directory
 * @returns {Promise<Doors>}
 */
export async function openDoors(options, directory) {
  /** @type {[DoorName, number][]} */
  const ports = [];
  if (options) for (const name of NAMES) ports.push([name, await freePort()]);
  const files = { key: join(directory, 'broker.pem'), ca: join(directory, 'ca.pem') };
  if (options) await writeFile(files.key, `${options.key}\n${options.cert}\n`, { mode: 0o600 });
  if (options) await writeFile(files.ca, options.ca);
  return {
    ports: /** @type {Doors['ports']} */ (Object.fromEntries(ports)),
    addresses: /** @type {Doors['addresses']} */ (
      Object.fromEntries(ports.map(([name, port]) => [name, `127.0.0.1:${port}`]))
    ),
    files,
  };
}

/**
 * The settings of a broker, with its doors.
 *
 * @param {Record<string, string>} common
 * @param {Doors} doors
 * @param {DoorOptions} [options]
 * @returns {Record<string, string>}
 */
export function doorProperties(common, { ports, files }, options) {
  if (!options) return common;
  /** @param {(name: DoorName) => string} each */
  const listed = (each) => NAMES.map(each).join(',');
  const addresses = listed((name) => `${name.toUpperCase()}://127.0.0.1:${ports[name]}`);
  const plain = Object.entries(options.users).map(([user, password]) => `user_${user}="${password}"`);
  const modules = 'org.apache.kafka.common.security';
  const logins = (/** @type {DoorName} */ name) => ({
    [`listener.name.${name.toLowerCase()}.plain.sasl.jaas.config`]: `${modules}.plain.PlainLoginModule required ${plain.join(' ')};`,
    ...Object.fromEntries(
      SCRAM.map((mechanism) => [
        `listener.name.${name.toLowerCase()}.${mechanism.toLowerCase()}.sasl.jaas.config`,
        `${modules}.scram.ScramLoginModule required;`,
      ]),
    ),
  });
  return {
    ...common,
    listeners: `${common['listeners']},${addresses}`,
    'advertised.listeners': `${common['advertised.listeners']},${addresses}`,
    'listener.security.protocol.map': `${common['listener.security.protocol.map']},${listed((name) => `${name.toUpperCase()}:${PROTOCOLS[name]}`)}`,
    'inter.broker.listener.name': 'PLAINTEXT',
    'ssl.keystore.type': 'PEM',
    'ssl.keystore.location': files.key,
    'ssl.truststore.type': 'PEM',
    'ssl.truststore.location': files.ca,
    'listener.name.mtls.ssl.client.auth': 'required',
    'sasl.enabled.mechanisms': ['PLAIN', ...SCRAM].join(','),
    ...logins('saslTls'),
    ...logins('saslPlain'),
  };
}

/**
 * What the storage tool is told, so that the first broker knows the users.
 *
 * @param {DoorOptions} [options]
 * @returns {string[]}
 */
export function scramArguments(options) {
  return Object.entries(options?.users ?? {}).flatMap(([user, password]) =>
    SCRAM.flatMap((mechanism) => ['--add-scram', `${mechanism}=[name=${user},password=${password}]`]),
  );
}
