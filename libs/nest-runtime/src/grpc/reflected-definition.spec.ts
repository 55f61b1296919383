import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FileDescriptorProto } from 'protobufjs/ext/descriptor';
import type { IDescriptorProto, IFileDescriptorProto } from 'protobufjs/ext/descriptor';
import { reflectedDefinition } from './reflected-definition';

const PROTO = `syntax = "proto3";
package shop.v1;
message Basket {
  message Line { map<string, int64> count_by_size = 1; }
  map<string, Line> lines = 1;
  map<int32, string> notes2_self = 2;
  string user_id = 3;
}
service Baskets { rpc Fill(Basket) returns (Basket); }`;

describe('reflectedDefinition', () => {
  const directory = mkdtempSync(join(tmpdir(), 'reflected-'));
  afterAll(() => rmSync(directory, { recursive: true }));

  it('names fields as the file does, and entries of maps as protoc does, at every depth', () => {
    writeFileSync(join(directory, 'shop.proto'), PROTO);
    const definition = reflectedDefinition(['shop.proto'], [directory]);
    expect(Object.keys(definition)).toContain('shop.v1.Baskets');
    const basket = definition['shop.v1.Basket'];
    if (!basket || !('fileDescriptorProtos' in basket)) throw new Error('no descriptors');
    const [file] = basket.fileDescriptorProtos.map(
      (bytes) => FileDescriptorProto.decode(bytes) as IFileDescriptorProto,
    );
    const [message] = file?.messageType ?? [];
    expect(shapeOf(message)).toEqual({
      fields: [
        ['lines', 'LinesEntry'],
        ['notes2_self', 'Notes2SelfEntry'],
        ['user_id', ''],
      ],
      nested: {
        LinesEntry: { fields: expect.anything(), nested: {} },
        Notes2SelfEntry: { fields: expect.anything(), nested: {} },
        Line: {
          fields: [['count_by_size', 'CountBySizeEntry']],
          nested: { CountBySizeEntry: { fields: expect.anything(), nested: {} } },
        },
      },
    });
  });
});

function shapeOf(message: IDescriptorProto | undefined): object {
  return {
    fields: message?.field?.map(({ name, typeName }) => [name, typeName]),
    nested: Object.fromEntries((message?.nestedType ?? []).map((nested) => [nested.name, shapeOf(nested)])),
  };
}
