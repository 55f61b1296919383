/** The service that finds out what visits there are, as its group, its gaps and messages name it. */
export const TRACKER = 'tracker';
