import type { StreamDefinition } from '@tillstream/contracts';
import type { SeededRandom } from '@tillstream/engine/testing';

/**
 * Something that happens to a platform at work and must change no answer.
 *
 * A fault heals itself: when `strike` resolves, whatever it has stopped runs again and whatever it has cut is whole.
 */
export interface Fault {
  /** What is chosen by `--faults`, such as `broker-killed`. */
  readonly name: string;
  /** How much more often than others it is chosen; 1 when absent. */
  readonly weight?: number;
  /** Why it cannot be tried on this machine; null when it can. Asked once, before the first run. */
  unavailable?(): string | null;
  /**
   * Does it, and undoes it. Other faults may be under way: take the target with `stage.alone`.
   *
   * @param random all of its choices come from here, before it waits for anything, so that a seed repeats them
   * @returns what it did, for the line of the run
   */
  strike(stage: Stage, random: SeededRandom): Promise<string>;
}

/** The platform under test, with the strings to pull. */
export interface Stage {
  readonly definition: StreamDefinition;
  /** Of this run, with everything that its processes say and keep. */
  readonly directory: string;
  readonly services: ServiceFleet;
  readonly broker: BrokerControl;
  readonly store: StoreControl;
  readonly links: readonly Link[];
  readonly clients: ClientControl;
  /** Prints one line with the time of the run. */
  say(line: string): void;
  /** Resolves after `ms`, and at once when the run is being broken off. */
  sleep(ms: number): Promise<void>;
  /** Faults on one target, such as `store`, `broker` or the name of a service's slot, wait for each other. */
  alone<T>(target: string, work: () => Promise<T>): Promise<T>;
}

export type ServiceName = 'gateway' | 'enricher' | 'aggregator' | 'query-api';

/** All processes of all services. */
export interface ServiceFleet {
  /** The replicas that the run began with, and those that were added. */
  readonly slots: readonly ServiceSlot[];
  of(service: ServiceName): readonly ServiceSlot[];
  /** One more replica, on links of its own; null when there are as many as there can be. It starts to run. */
  add(service: ServiceName): Promise<ServiceSlot | null>;
}

/** One replica: a process that may die and come back on the same ports. */
export interface ServiceSlot {
  /** Such as `enricher-2`. */
  readonly name: string;
  readonly service: ServiceName;
  readonly http: number;
  readonly grpc: number | null;
  readonly logFile: string;
  /** A replica that was taken away stays dead. */
  readonly isRetired: boolean;
  isRunning(): boolean;
  start(): Promise<void>;
  /** SIGKILL; resolves when the process is gone. */
  kill(): Promise<void>;
  /** SIGTERM; resolves when the process is gone. Its exit code should be 0. */
  stop(): Promise<void>;
  /** Kills it for good. */
  retire(): Promise<void>;
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** Its `Date` goes wrong by so much from now on; 0 sets it right. */
  stepClock(byMs: number): Promise<void>;
  /** Whether /readyz says so; false when nobody answers. */
  isReady(): Promise<boolean>;
}

/** The one broker of the run. */
export interface BrokerControl {
  isRunning(): boolean;
  /** SIGKILL; resolves when the process is gone. */
  kill(): Promise<void>;
  /** SIGTERM; resolves when the process is gone. */
  stop(): Promise<void>;
  /** After `kill` or `stop`, or its own death; resolves when it answers again. */
  restart(): Promise<void>;
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** The small disk that its data lies on in this run; null in most runs. */
  readonly disk: SmallDisk | null;
}

/** A file system of its own for the broker's data. */
export interface SmallDisk {
  /** Takes up all room that is left. */
  fill(): Promise<void>;
  /** Gives it back, and grows the file system. */
  grow(): Promise<void>;
}

/**
 * The one Redis of the run: `openStore` of `store/index.ts` starts it, and `storeFaults` there is what can happen to it.
 * Nothing goes through the links here: what is done is done to the server itself.
 */
export interface StoreControl {
  readonly port: number;
  readonly dataDir: string;
  isRunning(): boolean;
  /** SIGKILL; resolves when the process is gone. */
  kill(): Promise<void>;
  /** On the same port, with what the directory holds; resolves when it answers. */
  start(): Promise<void>;
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** Every command that a service sends takes so much longer, one after the other on each connection; 0 ends it. */
  delayCommands(byMs: number): void;
  /** One command, straight to the server. @throws what Redis answers as an error, and when it does not answer. */
  command(name: string, ...args: readonly (string | number)[]): Promise<unknown>;
  /** For the end of the run. */
  close(): Promise<void>;
}

/** A TCP proxy between one process and one server. */
export interface Link {
  /** Such as `enricher-1 to broker`. */
  readonly name: string;
  readonly from: string;
  readonly to: 'broker' | 'store' | 'gateway';
  /** Where the process connects to. */
  readonly port: number;
  /** Back to normal: what comes is passed on at once. Connections that were cut stay cut. */
  mend(): void;
  /** Every byte arrives so much later, in both directions. */
  delay(byMs: number): void;
  /** Ends all connections and refuses new ones. */
  cut(): void;
  /** Nothing passes any more, and nobody is told: connections stay open, new ones too. */
  stall(): void;
  /** Requests arrive, answers are lost, each with its connection. `share`: the part of them that is lost. */
  swallowAnswers(share: number, random: SeededRandom): void;
  throttle(bytesPerSecond: number): void;
}

/** Those who send events. */
export interface ClientControl {
  /** The clock of one of them goes wrong by so much from now on; 0 sets it right. */
  stepClock(byMs: number): void;
}
