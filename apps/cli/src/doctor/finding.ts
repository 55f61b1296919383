/** How bad it is: numbers are wrong, late or not to be had now; or they will be when nobody does anything; or it is good to know. */
export type Severity = 'problem' | 'warning' | 'note';

/** Something that is not as it should be, in words for whoever runs the platform. */
export interface Finding {
  readonly severity: Severity;
  /** The part of the platform, as `Kafka`, `aggregator` or `commerce.enricher`. */
  readonly about: string;
  readonly what: string;
  /** What to do, as a sentence or a command. */
  readonly remedy: string;
}

/** A finding of whoever looks at one part and need not say which. */
export type Observation = Omit<Finding, 'about'>;

const ORDER: readonly Severity[] = ['problem', 'warning', 'note'];

/** The worst first; equally bad ones in the order in which they were found. */
export function sortFindings(findings: readonly Finding[]): Finding[] {
  return [...findings].sort((a, b) => ORDER.indexOf(a.severity) - ORDER.indexOf(b.severity));
}
