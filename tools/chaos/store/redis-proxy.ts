import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { RespCommands } from './resp-commands';
import type { RespCommand } from './resp-commands';

/** How long a command waits before Redis gets it, in ms. Infinity: until the rule is another. */
export type DelayRule = (command: RespCommand) => number;

const AT_ONCE: DelayRule = () => 0;

/**
 * Stands between the services and a Redis, and understands what they say: commands are held back one by one, by their
 * content. What follows a command on its connection waits with it, as it does in Redis.
 */
export class RedisProxy {
  private rule = AT_ONCE;
  private readonly clients = new Set<Socket>();
  private wake: () => void = () => undefined;
  private ruleChanged: Promise<void> = Promise.resolve();

  private constructor(
    private readonly server: Server,
    private readonly targetPort: number,
  ) {
    this.renewSignal();
  }

  /** @param targetPort of a Redis on this machine */
  static async start(targetPort: number): Promise<RedisProxy> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const proxy = new RedisProxy(server, targetPort);
    server.on('connection', (client: Socket) => proxy.accept(client));
    return proxy;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** Also for what waits already. */
  delay(rule: DelayRule): void {
    this.rule = rule;
    this.wake();
    this.renewSignal();
  }

  /** Commands that name a key with this hash tag get no answer any more; all others do. */
  stall(hashTag: string): void {
    this.delay(({ args }) => (args.some((arg) => arg.length < 512 && arg.includes(`{${hashTag}}`)) ? Infinity : 0));
  }

  passAll(): void {
    this.delay(AT_ONCE);
  }

  /** Ends all connections; new ones are welcome. */
  cut(): void {
    for (const client of this.clients) client.destroy();
  }

  async stop(): Promise<void> {
    this.cut();
    this.passAll();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private accept(client: Socket): void {
    const redis = connect(this.targetPort, '127.0.0.1');
    const commands = new RespCommands();
    this.clients.add(client);
    const end = (): void => {
      this.clients.delete(client);
      client.destroy();
      redis.destroy();
    };
    for (const socket of [client, redis]) socket.setNoDelay(true).on('error', end).on('close', end);
    redis.on('data', (chunk) => client.write(chunk));
    let passed = Promise.resolve();
    client.on('data', (chunk: Buffer) => {
      for (const command of commands.push(chunk)) {
        passed = passed.then(async () => {
          await this.holdBack(command);
          if (!redis.destroyed) redis.write(command.bytes);
        });
      }
    });
  }

  private async holdBack(command: RespCommand): Promise<void> {
    const sinceMs = performance.now();
    for (;;) {
      const leftMs = sinceMs + this.rule(command) - performance.now();
      if (leftMs <= 0) return;
      await this.changedOrAfter(leftMs);
    }
  }

  private async changedOrAfter(ms: number): Promise<void> {
    if (ms === Infinity) return this.ruleChanged;
    let timer: NodeJS.Timeout | undefined;
    const elapsed = new Promise<void>((resolve) => (timer = setTimeout(resolve, ms)));
    await Promise.race([elapsed, this.ruleChanged]);
    clearTimeout(timer);
  }

  private renewSignal(): void {
    this.ruleChanged = new Promise((resolve) => (this.wake = resolve));
  }
}
