export { anAuthority, FilesForTests, type Authority, type Certified } from './testing/certificates';
