import type { GatewayClient } from '../gateway/gateway-client';
import type { RowSink } from './row-sink';

/** Bodies of newline-delimited JSON to a gateway: a broken row harms no other. */
export function createGatewaySink(client: GatewayClient, stream: string, parallel: number): RowSink {
  return {
    parallel,
    send: async (rows) => {
      const body = Buffer.from(rows.map((row) => row.text).join('\n'), 'utf8');
      const { accepted, rejected } = await client.publish(stream, body);
      const byCode: Record<string, number> = {};
      for (const { code } of rejected) byCode[code] = (byCode[code] ?? 0) + 1;
      return { accepted, rejected: byCode };
    },
    close: () => {
      client.close();
      return Promise.resolve();
    },
  };
}
