import { loadSync } from '@grpc/proto-loader';
import type { PackageDefinition } from '@grpc/proto-loader';
import { FileDescriptorProto } from 'protobufjs/ext/descriptor';
import type { IDescriptorProto, IFileDescriptorProto } from 'protobufjs/ext/descriptor';

/**
 * Proto files as reflection has to tell them, to be asked about and never to serve with. Two things differ from what is
 * served: fields have the names they have in the files, not those in lowerCamelCase, and the entries of maps are named as
 * protoc names them. protobufjs names them otherwise, and grpcurl, as everything else that is written in Go, takes no file
 * with such an entry.
 *
 * @throws Error when a proto file is missing or broken
 */
export function reflectedDefinition(protoFiles: readonly string[], includeDirs: readonly string[]): PackageDefinition {
  const definition = loadSync([...protoFiles], { keepCase: true, includeDirs: [...includeDirs] });
  return Object.fromEntries(
    Object.entries(definition).map(([name, entry]) =>
      'fileDescriptorProtos' in entry
        ? [name, { ...entry, fileDescriptorProtos: entry.fileDescriptorProtos.map(withNamedMapEntries) }]
        : [name, entry],
    ),
  );
}

function withNamedMapEntries(bytes: Buffer): Buffer {
  const file = FileDescriptorProto.decode(bytes) as IFileDescriptorProto;
  file.messageType?.forEach(nameMapEntries);
  return Buffer.from(FileDescriptorProto.encode(file).finish());
}

/** In a message and those within it: field `late_rows`, entry `LateRowsEntry`. */
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
