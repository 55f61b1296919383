/** What a worker is told to do, as JSON in its last argument. */
export type WorkerTask = {
  readonly target: string;
  /** What is known so far and grows, and where the input that is running is written. */
  readonly workDir: string;
} & (
  | {
      readonly kind: 'fuzz';
      /** Infinity does not survive JSON: null for no end by the clock, or by the count. */
      readonly seconds: number | null;
      readonly inputs: number | null;
      readonly seed: number;
      readonly corpus: string;
    }
  /** Chooses the corpus of the project from everything that is known. */
  | { readonly kind: 'choose'; readonly corpus: string; readonly mostBytes: number }
  | { readonly kind: 'input'; readonly file: string }
);

/** What a worker says. */
export type WorkerMessage =
  | {
      readonly kind: 'progress';
      readonly runs: number;
      readonly edges: number;
      readonly features: number;
      readonly inputs: number;
      /** Since something new was found, in seconds. */
      readonly quietSeconds: number;
    }
  | { readonly kind: 'finding'; readonly signature: string; readonly text: string; readonly file: string }
  | { readonly kind: 'done'; readonly text: string };
