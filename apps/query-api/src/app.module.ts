import { Module } from '@nestjs/common';

/** The service has no HTTP face of its own beside what the runtime adds. */
@Module({})
export class QueryApiModule {}
