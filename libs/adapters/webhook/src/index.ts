export { webhookSinkKind } from './webhook-kind';
