export { GrpcServer, PROTO_LOADER_OPTIONS } from './grpc/grpc-server';
export type { GrpcServerOptions, GrpcService } from './grpc/grpc-server';
export { contextOf, drained, serverStreamHandler, statusOf, unaryHandler } from './grpc/handlers';
export type { CallContext, UnexpectedErrorListener } from './grpc/handlers';
export { GrpcStatusError, retryTrailers } from './grpc/status-error';
