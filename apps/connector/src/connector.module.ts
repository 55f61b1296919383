import { Module } from '@nestjs/common';

/** Health and metrics are all that a connector answers: it asks others. */
@Module({})
export class ConnectorModule {}
