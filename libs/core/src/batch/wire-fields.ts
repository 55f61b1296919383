/** Field numbers of tillstream.batch.v1, as in event_batch.proto. */
export const BATCH = {
  stream: 1,
  partition: 2,
  rawFrom: 3,
  rawNext: 4,
  before: 5,
  after: 6,
  records: 7,
  controls: 8,
  rowGaps: 9,
  columns: 10,
  ids: 11,
  idRows: 12,
  batchIds: 13,
  batchIdRecords: 14,
  complete: 15,
} as const;

export const POSITION = {
  maxEventTimeMs: 1,
  watermarkInputMs: 2,
  maxAppendMs: 3,
  rowsSeen: 4,
  held: 5,
  definition: 6,
  catalogOffset: 7,
  reroutedThrough: 8,
} as const;

export const RECORDS = {
  offsetGaps: 1,
  rowCounts: 2,
  appendMsDeltas: 3,
  withoutInput: 4,
  inputMsDeltas: 5,
  validCounts: 6,
  idCounts: 7,
} as const;

export const CONTROL = { record: 1, payload: 2 } as const;
export const COLUMN = { field: 1, text: 2, dictionary: 3, numbers: 4 } as const;
export const TEXT = { data: 1, lengths: 2, nulls: 3 } as const;
export const DICTIONARY = { data: 1, lengths: 2, indexes: 3 } as const;
export const NUMBERS = { present: 1, values: 2 } as const;
export const MAP_ENTRY = { key: 1, value: 2 } as const;
