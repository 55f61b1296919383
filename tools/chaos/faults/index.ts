import type { Fault } from '../fault';
import { storeFaults } from '../store';
import { brokerFaults } from './broker-faults';
import { clockFaults } from './clock-faults';
import { linkFaults } from './link-faults';
import { serviceFaults } from './service-faults';

/** All that chaos knows to do. */
export const FAULTS: readonly Fault[] = [
  ...serviceFaults,
  ...brokerFaults,
  ...storeFaults,
  ...linkFaults,
  ...clockFaults,
];
