import { readFileSync } from 'node:fs';
import type { Lock } from './package-set.mjs';
import { packageSet } from './package-set.mjs';

const PROJECT = { name: 'tillstream-door', version: '1.2.3' };

/** Names and what each wants; a name may be a place within another's node_modules. */
function lockOf(packages: Lock['packages']): Lock {
  const placed = Object.entries(packages).map(([path, entry]) => [
    `node_modules/${path}`,
    { version: '1.0.0', ...entry },
  ]);
  return { lockfileVersion: 3, packages: { '': {}, ...Object.fromEntries(placed) } };
}

const placesOf = (lock: Lock, names: string[]): string[] => {
  const { packages } = packageSet(lock, names, PROJECT).lock as Lock;
  return Object.keys(packages).filter((path) => path !== '');
};

describe('the packages of an image', () => {
  it('are those that are loaded, with what these need, and no others', () => {
    const lock = lockOf({
      door: { dependencies: { hinge: '^1' } },
      hinge: { optionalDependencies: { oil: '*' } },
      oil: {},
      roof: {},
    });
    expect(placesOf(lock, ['door'])).toEqual(['node_modules/door', 'node_modules/hinge', 'node_modules/oil']);
  });

  it('are found where Node finds them: beside the one that asks, else further up', () => {
    const lock = lockOf({
      door: { dependencies: { hinge: '^2', nail: '*' } },
      hinge: {},
      'door/node_modules/hinge': { version: '2.0.0', dependencies: { nail: '*' } },
      nail: {},
    });
    expect(placesOf(lock, ['door'])).toEqual([
      'node_modules/door',
      'node_modules/door/node_modules/hinge',
      'node_modules/nail',
    ]);
  });

  it('are what peers say they must stand beside, but not what these can do without', () => {
    const lock = lockOf({
      frame: { peerDependencies: { door: '*', glass: '*' }, peerDependenciesMeta: { glass: { optional: true } } },
      door: {},
      glass: {},
    });
    expect(placesOf(lock, ['frame'])).toEqual(['node_modules/door', 'node_modules/frame']);
  });

  it('may want what there is for other machines only', () => {
    expect(placesOf(lockOf({ door: { optionalDependencies: { 'door-on-the-moon': '*' } } }), ['door'])).toEqual([
      'node_modules/door',
    ]);
  });

  it('end when two need each other', () => {
    const lock = lockOf({ hen: { dependencies: { egg: '*' } }, egg: { dependencies: { hen: '*' } } });
    expect(placesOf(lock, ['hen'])).toEqual(['node_modules/egg', 'node_modules/hen']);
  });

  it('are asked for in the versions of the lock, none of them for developing', () => {
    const { manifest, lock } = packageSet(lockOf({ door: { version: '4.5.6', dev: true } }), ['door'], PROJECT);
    expect(manifest).toEqual({ ...PROJECT, private: true, dependencies: { door: '4.5.6' } });
    expect(lock).toMatchObject({ lockfileVersion: 3, packages: { 'node_modules/door': { version: '4.5.6' } } });
    expect(JSON.stringify(lock)).not.toContain('"dev"');
  });

  it('must be known', () => {
    expect(() => packageSet(lockOf({}), ['door'], PROJECT)).toThrow(
      'package-lock.json has no door, which a program loads',
    );
  });

  it('are, for a service, a small part of all', () => {
    const lock = JSON.parse(readFileSync('package-lock.json', 'utf8')) as Lock;
    const places = placesOf(lock, ['kafkajs', '@nestjs/core', '@nestjs/common', 'reflect-metadata', '@node-rs/crc32']);
    expect(places).toContain('node_modules/rxjs'); // a peer
    expect(places.length).toBeLessThan(80);
    expect(places.filter((path) => /duckdb|esbuild|jest|node-linux/.test(path))).toEqual([]);
  });
});
