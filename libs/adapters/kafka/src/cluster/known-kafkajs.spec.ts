import { assertKnownKafkajs } from './known-kafkajs';

describe('the adapter', () => {
  it('starts on the kafkajs and the checksums it was written against', () => {
    expect(() => assertKnownKafkajs()).not.toThrow();
  });

  it('refuses any other kafkajs by name', () => {
    expect(() => assertKnownKafkajs('2.3.0')).toThrow('kafkajs 2.3.0 is installed');
  });

  it('refuses checksums that are not CRC-32C', () => {
    expect(() => assertKnownKafkajs('2.2.4', () => 0xcbf43926)).toThrow('CRC-32C');
  });
});
