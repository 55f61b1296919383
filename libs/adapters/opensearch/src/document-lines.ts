import { isoInstant } from '@tillstream/contracts';

export interface Place {
  readonly partition: number;
  readonly offset: number;
  readonly index: number;
}

/** What a bulk request says of a document before its columns: where it goes, and the open object with its place. */
export function documentHead(index: string, id: string, version: number, timeMs: number, place: Place): string {
  const { partition, offset } = place;
  return (
    `{"index":{"_index":"${index}","_id":${JSON.stringify(id)},"version":${version},"version_type":"external"}}\n` +
    `{"@timestamp":"${isoInstant(timeMs)}","@row.partition":${partition},"@row.offset":${offset},"@row.index":${place.index}`
  );
}
