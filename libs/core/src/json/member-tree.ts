import { FieldTable } from './field-table';

/**
 * Where in an event its declared fields stand, by their paths: `meta.domain` is the member `domain` of the object that the
 * event has as its member `meta`, and a path without dots is a member of the event itself.
 *
 * Fields and objects share one numbering of slots: first the fields in order of declaration, then the event itself
 * (`root`), then the objects within it.
 */
export class MemberTree {
  readonly fields: number;
  /** The slot of the event itself. */
  readonly root: number;
  /** By field: the key that stands in front of its value. */
  readonly keys: readonly string[];
  /** Path of each object, from slot `root` on; the event itself has none. */
  readonly objects: readonly string[];
  /** Members of the object of a slot, by `slot - root`. */
  private readonly tables: readonly FieldTable[];

  /** @throws RangeError where a path is that of a field and of an object with members, or of two fields */
  constructor(paths: readonly string[]) {
    this.fields = paths.length;
    this.root = paths.length;
    this.keys = paths.map(keyOf);
    this.objects = [...new Set(['', ...paths.flatMap(objectsAbove)])];
    const wrong = paths.find((path) => this.objects.includes(path));
    if (wrong !== undefined) throw new RangeError(`${wrong} is a field and cannot have members`);
    const twice = paths.find((path, slot) => paths.indexOf(path) !== slot);
    if (twice !== undefined) throw new RangeError(`${twice} is the path of two fields`);
    this.tables = this.objects.map((object) => {
      const isMember = (path: string) => path !== '' && path.slice(0, Math.max(0, path.lastIndexOf('.'))) === object;
      const members = [...paths, ...this.objects]
        .map((path, slot) => ({ key: keyOf(path), path, slot }))
        .filter(({ path }) => isMember(path));
      return new FieldTable(
        members.map(({ key }) => key),
        members.map(({ slot }) => slot),
      );
    });
  }

  /** What is declared as the members of the object of a slot. */
  membersOf(object: number): FieldTable {
    return this.tables[object - this.root] as FieldTable;
  }
}

function keyOf(path: string): string {
  return path.slice(path.lastIndexOf('.') + 1);
}

/** `a` and `a.b` for `a.b.c`. */
function objectsAbove(path: string): string[] {
  const parts = path.split('.');
  return parts.slice(1).map((_, i) => parts.slice(0, i + 1).join('.'));
}
