import { readFileSync } from 'node:fs';

const PAGE = 'docs/configuration.md';

/**
 * The user of Redis that the page about configuration gives to services, as `ACL SETUSER` takes it.
 *
 * @throws Error when the page names none
 */
export function serviceUser(password: string): string {
  const [, user] = /^ACL SETUSER (tillstream on >… .*)$/m.exec(readFileSync(PAGE, 'utf8')) ?? [];
  if (user === undefined) throw new Error(`${PAGE} names no user of Redis for services`);
  return user.replace('>…', `>${password}`);
}
