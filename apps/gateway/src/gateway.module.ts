import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { HTTP_INGEST, IngestController } from './controllers/ingest.controller';
import type { HttpIngest } from './http/http-ingest';

@Module({})
export class GatewayModule {
  static for(http: HttpIngest): DynamicModule {
    return {
      module: GatewayModule,
      controllers: [IngestController],
      providers: [{ provide: HTTP_INGEST, useValue: http }],
    };
  }
}
