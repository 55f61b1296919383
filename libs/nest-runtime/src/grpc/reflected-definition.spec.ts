import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { MessageTypeDefinition } from '@grpc/proto-loader';
import { FileDescriptorProto } from 'protobufjs/ext/descriptor';
import type { IDescriptorProto, IFileDescriptorProto } from 'protobufjs/ext/descriptor';
import { reflectedDefinition } from './reflected-definition';

const PROTO = `syntax = "proto3";
package shop.v1;
import "google/protobuf/timestamp.proto";
message Basket {
  enum Size { SMALL = 0; LARGE = 1; }
  message Line { map<string, Size> size_by_name = 1; }
  map<string, Line> lines = 1;
  map<int32, string> notes2_self = 2;
  string user_id = 3;
  google.protobuf.Timestamp filled = 4;
}
service Baskets { rpc Fill(Basket) returns (stream Basket); }`;

describe('reflectedDefinition', () => {
  const directory = mkdtempSync(join(tmpdir(), 'reflected-'));
  let files: readonly IFileDescriptorProto[];

  beforeAll(() => {
    writeFileSync(join(directory, 'shop.proto'), PROTO);
    const basket = reflectedDefinition(['shop.proto'], [directory])['shop.v1.Basket'] as MessageTypeDefinition<
      object,
      object
    >;
    files = basket.fileDescriptorProtos.map((bytes) => FileDescriptorProto.decode(bytes) as IFileDescriptorProto);
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  const fileOf = (name: string): IFileDescriptorProto | undefined => files.find((file) => file.package === name);

  it('names fields as the file does, entries of maps as protoc does, and types in full', () => {
    const [message = {}] = fileOf('shop.v1')?.messageType ?? [];
    expect(shapeOf(message)).toEqual({
      fields: {
        lines: '.shop.v1.Basket.LinesEntry',
        notes2_self: '.shop.v1.Basket.Notes2SelfEntry',
        user_id: '',
        filled: '.google.protobuf.Timestamp',
      },
      nested: {
        LinesEntry: { fields: { key: '', value: '.shop.v1.Basket.Line' }, nested: {} },
        Notes2SelfEntry: { fields: { key: '', value: '' }, nested: {} },
        Line: {
          fields: { size_by_name: '.shop.v1.Basket.Line.SizeByNameEntry' },
          nested: { SizeByNameEntry: { fields: { key: '', value: '.shop.v1.Basket.Size' }, nested: {} } },
        },
      },
    });
    expect(message.field?.map(({ jsonName }) => String(jsonName))).toEqual(['lines', 'notes2Self', 'userId', 'filled']);
    expect(fileOf('shop.v1')?.service?.[0]?.method).toMatchObject([
      { name: 'Fill', inputType: '.shop.v1.Basket', outputType: '.shop.v1.Basket', serverStreaming: true },
    ]);
  });

  it('names the files that types come from', () => {
    expect(fileOf('shop.v1')?.dependency).toEqual([fileOf('google.protobuf')?.name]);
    expect(fileOf('google.protobuf')?.dependency).toEqual([]);
  });
});

function shapeOf({ field = [], nestedType = [] }: IDescriptorProto): object {
  return {
    fields: Object.fromEntries(field.map(({ name = '', typeName = '' }) => [name, typeName])),
    nested: Object.fromEntries(nestedType.map((nested): [string, object] => [nested.name ?? '', shapeOf(nested)])),
  };
}
