import { loadSync } from '@grpc/proto-loader';
import type { AnyDefinition, PackageDefinition } from '@grpc/proto-loader';
import { FileDescriptorProto } from 'protobufjs/ext/descriptor';
import type { IDescriptorProto, IFileDescriptorProto } from 'protobufjs/ext/descriptor';

/**
 * Proto files as reflection has to tell them: to be asked about, never to serve with. The descriptors that protobufjs
 * makes are such that grpcurl, as everything else written in Go, refuses them. Here they are as protoc makes them:
 *
 * - fields have the names they have in the files (what is served has them in lowerCamelCase), and names for JSON;
 * - the entries of maps are named after their field: `late_rows`, `LateRowsEntry`;
 * - types are named in full, with a leading dot, and a file names those that its types come from.
 *
 * @throws Error when a proto file is missing or broken
 */
export function reflectedDefinition(protoFiles: readonly string[], includeDirs: readonly string[]): PackageDefinition {
  const definition = loadSync([...protoFiles], { keepCase: true, includeDirs: [...includeDirs] });
  const files = new Map<string, IFileDescriptorProto>();
  for (const entry of Object.values(definition)) {
    for (const bytes of descriptorsOf(entry)) {
      const file = FileDescriptorProto.decode(bytes) as IFileDescriptorProto;
      if (file.name !== undefined) files.set(file.name, file);
    }
  }
  repair([...files.values()]);
  const fileDescriptorProtos = [...files.values()].map((file) =>
    Buffer.from(FileDescriptorProto.encode(file).finish()),
  );
  const reflected = Object.entries(definition).map(([name, entry]): [string, AnyDefinition] => [
    name,
    descriptorsOf(entry).length > 0 ? ({ ...entry, fileDescriptorProtos } as AnyDefinition) : entry,
  ]);
  return Object.fromEntries(reflected);
}

/** The files that a message or an enum comes with; services have none. */
function descriptorsOf({ fileDescriptorProtos }: AnyDefinition): readonly Buffer[] {
  return Array.isArray(fileDescriptorProtos) ? fileDescriptorProtos : [];
}

/** A name of a type as it stands somewhere, to be replaced by its name in full. */
interface Reference {
  readonly scope: string;
  readonly name: string;
  readonly replace: (fullName: string) => void;
}

function repair(files: readonly IFileDescriptorProto[]): void {
  const fileOfType = new Map<string, IFileDescriptorProto>();
  for (const file of files) {
    file.messageType?.forEach(nameForJson);
    file.messageType?.forEach(nameMapEntries);
    for (const type of typesOf(file, file.package ?? '')) fileOfType.set(type, file);
  }
  for (const file of files) {
    const dependencies = new Set<string>();
    for (const { scope, name, replace } of referencesOf(file)) {
      const fullName = scopesFrom(scope)
        .map((outer) => join(outer, name.replace(/^\./, '')))
        .find((candidate) => fileOfType.has(candidate));
      if (fullName === undefined) throw new Error(`type ${name}, used in ${scope}, is not in the proto files`);
      replace(`.${fullName}`);
      const home = fileOfType.get(fullName)?.name;
      if (home !== undefined && home !== file.name) dependencies.add(home);
    }
    file.dependency = [...dependencies];
  }
}

function nameForJson({ field = [], nestedType = [] }: IDescriptorProto): void {
  for (const one of field) one.jsonName = one.name?.replace(/_+(.?)/g, (_, next: string) => next.toUpperCase()) ?? '';
  nestedType.forEach(nameForJson);
}

function nameMapEntries({ field = [], nestedType = [] }: IDescriptorProto): void {
  for (const nested of nestedType) {
    nameMapEntries(nested);
    if (nested.options?.mapEntry !== true) continue;
    const mapField = field.find(({ typeName }) => typeName === nested.name);
    if (mapField?.name === undefined) continue;
    nested.name = `${mapField.name.replace(/(?:^|_)([a-z0-9])/g, (_, first: string) => first.toUpperCase())}Entry`;
    mapField.typeName = nested.name;
  }
}

/** Full names of all messages and enums within a file or a message. */
function typesOf({ enumType = [], ...holder }: IFileDescriptorProto | IDescriptorProto, scope: string): string[] {
  const messages = ('messageType' in holder ? holder.messageType : (holder as IDescriptorProto).nestedType) ?? [];
  return [
    ...enumType.map(({ name = '' }) => join(scope, name)),
    ...messages.flatMap((message) => {
      const fullName = join(scope, message.name ?? '');
      return [fullName, ...typesOf(message, fullName)];
    }),
  ];
}

function referencesOf({ package: scope = '', messageType = [], service = [] }: IFileDescriptorProto): Reference[] {
  const ofMethods = service
    .flatMap(({ method = [] }) => method)
    .flatMap((method) => [
      { scope, name: method.inputType ?? '', replace: (fullName: string) => void (method.inputType = fullName) },
      { scope, name: method.outputType ?? '', replace: (fullName: string) => void (method.outputType = fullName) },
    ]);
  return [...ofMethods, ...messageType.flatMap((message) => referencesOfMessage(message, scope))];
}

function referencesOfMessage({ name = '', field = [], nestedType = [] }: IDescriptorProto, outer: string): Reference[] {
  const scope = join(outer, name);
  const ofFields = field
    .filter(({ typeName = '' }) => typeName !== '')
    .map((one) => ({
      scope,
      name: one.typeName ?? '',
      replace: (fullName: string) => void (one.typeName = fullName),
    }));
  return [...ofFields, ...nestedType.flatMap((nested) => referencesOfMessage(nested, scope))];
}

/** `a.b.C`, `a.b`, `a` and the outermost: where a name is looked for, one after the other. */
function scopesFrom(scope: string): string[] {
  const names = scope.split('.');
  return names.map((_, i) => names.slice(0, names.length - i).join('.')).concat('');
}

function join(scope: string, name: string): string {
  return scope === '' ? name : `${scope}.${name}`;
}
