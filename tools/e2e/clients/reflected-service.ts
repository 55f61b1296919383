import { once } from 'node:events';
import { credentials, loadPackageDefinition, Metadata } from '@grpc/grpc-js';
import type { Client, ClientDuplexStream, ClientReadableStream, ServiceError } from '@grpc/grpc-js';
import { loadFileDescriptorSetFromBuffer, loadSync } from '@grpc/proto-loader';
import { Writer } from 'protobufjs';

interface Reflection extends Client {
  serverReflectionInfo(): ClientDuplexStream<object, ReflectionAnswer>;
}

interface ReflectionAnswer {
  readonly listServicesResponse?: { readonly service: readonly { readonly name: string }[] };
  readonly fileDescriptorResponse?: { readonly fileDescriptorProto: readonly Uint8Array[] };
  readonly errorResponse?: { readonly errorMessage: string };
}

type ClientOf<T> = new (address: string, channelCredentials: ReturnType<typeof credentials.createInsecure>) => T;
type Method = (request: object, metadata: Metadata, done: (error: ServiceError | null, answer: object) => void) => void;
type Watch = (request: object) => ClientReadableStream<object>;

const DEADLINE_MS = 10_000;

/** A service as a client sees it that has no proto files: everything it knows, the server has told. */
export class ReflectedService {
  private constructor(
    private readonly client: Client & Readonly<Record<string, Method & Watch>>,
    /** Names of its methods. */
    readonly methods: readonly string[],
  ) {}

  static async of(address: string, service: string): Promise<ReflectedService> {
    const { fileDescriptorResponse, errorResponse } = await reflect(address, { fileContainingSymbol: service });
    if (!fileDescriptorResponse) throw new Error(errorResponse?.errorMessage ?? 'no descriptors');
    const set = Writer.create();
    for (const file of fileDescriptorResponse.fileDescriptorProto) set.uint32(0x0a).bytes(file); // field 1, repeated
    const definition = loadFileDescriptorSetFromBuffer(Buffer.from(set.finish()), { longs: String });
    const declared = definition[service];
    if (declared === undefined || 'format' in declared) throw new Error(`${service} is not among the descriptors`);
    const Service = service
      .split('.')
      .reduce<object>(
        (scope, name) => (scope as Readonly<Record<string, object>>)[name] ?? {},
        loadPackageDefinition(definition),
      );
    const client = new (Service as ClientOf<ReflectedService['client']>)(address, credentials.createInsecure());
    return new ReflectedService(client, Object.keys(declared));
  }

  call(method: string, request: object, headers: Readonly<Record<string, string>> = {}): Promise<object> {
    const metadata = new Metadata();
    for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
    return new Promise((resolve, reject) =>
      this.client[method]?.(request, metadata, (error, answer) => (error ? reject(error) : resolve(answer))),
    );
  }

  /** The first message of a stream. */
  async first(method: string, request: object): Promise<object> {
    const call = this.client[method]?.(request) as ClientReadableStream<object>;
    call.on('error', () => undefined); // CANCELLED: what is asked for below
    const [message] = (await once(call, 'data', { signal: AbortSignal.timeout(DEADLINE_MS) })) as [object];
    call.cancel();
    return message;
  }

  close(): void {
    this.client.close();
  }
}

/** Full names of the services that a server says it has. */
export async function reflectedServices(address: string): Promise<readonly string[]> {
  const { listServicesResponse } = await reflect(address, { listServices: '' });
  return (listServicesResponse?.service ?? []).map(({ name }) => name);
}

async function reflect(address: string, request: object): Promise<ReflectionAnswer> {
  const definition = loadSync(require.resolve('@grpc/reflection/build/proto/grpc/reflection/v1/reflection.proto'));
  const { grpc } = loadPackageDefinition(definition) as unknown as {
    grpc: { reflection: { v1: { ServerReflection: ClientOf<Reflection> } } };
  };
  const client = new grpc.reflection.v1.ServerReflection(address, credentials.createInsecure());
  try {
    const call = client.serverReflectionInfo();
    call.write(request);
    const [answer] = (await once(call, 'data', { signal: AbortSignal.timeout(DEADLINE_MS) })) as [ReflectionAnswer];
    call.end();
    return answer;
  } finally {
    client.close();
  }
}
