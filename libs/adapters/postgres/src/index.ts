export { postgresSinkKind } from './postgres-kind';
