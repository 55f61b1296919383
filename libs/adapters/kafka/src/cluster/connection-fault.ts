import { COMMON_SIGNS, faultOf, type CommonFault, type ConnectionFault, type FaultSign } from '@tillstream/core';

/** Why there is no connection to a broker, where the reason is one that an operator can mend. */
export type KafkaFault = ConnectionFault<
  CommonFault | 'tls-wanted' | 'login-refused' | 'mechanism-refused' | 'not-authorized'
>;

/** What brokers and kafkajs say, most telling first. */
const SIGNS: readonly FaultSign<KafkaFault['kind']>[] = [
  [/mechanism is not supported|does not support the requested sasl mechanism/i, 'mechanism-refused'],
  [/SASL.*(fail|invalid|authentication)/i, 'login-refused'],
  [/not authorized|authorization failed/i, 'not-authorized'],
  ...COMMON_SIGNS,
  // A broker says nothing to who speaks another language: it hangs up.
  [/closed (the )?connection|connection closed/i, 'tls-wanted'],
];

/** What of a failure is about the connection; null where it is about something else. */
export function kafkaFault(error: unknown): KafkaFault | null {
  return faultOf(error, SIGNS);
}
