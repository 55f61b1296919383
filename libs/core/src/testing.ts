// ingest
export { anEventBatch, dictionaryColumn, textColumn } from './batch/event-batch.fixture';
export { COMMERCE_EVENT_TIME, aCommerceSchema, aField, aSchema, type FieldSketch } from './stream/schema.fixture';
