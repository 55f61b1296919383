/** What a scenario found out. */
export interface ScenarioReport {
  /** Promises that did not hold; empty when all of them did. */
  readonly problems: readonly string[];
  /** What was measured, a line each. */
  readonly figures: readonly string[];
}

/** A run of real processes through one chosen fault, to see one promise kept. */
export interface Scenario {
  readonly name: string;
  /** One line for the list of scenarios. */
  readonly about: string;
  /** @throws when the scenario itself could not be played to its end. */
  run(say: (text: string) => void): Promise<ScenarioReport>;
}
