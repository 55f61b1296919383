import type { FeedTable } from '@tillstream/contracts';
import { SinkRefusedError } from '@tillstream/engine';
import type { IndexNames } from './index-names';
import type { Mapping } from './mapping';
import { conflictOf, flatMapping, missingIn, nestedColumns } from './mapping';
import type { StoreAnswer, StoreClient, StoreRequest } from './store-client';
import { wordsOf } from './store-client';

/** The template and the indexes of one table: makes what is missing, and names what is in the way. */
export class IndexKeeper {
  constructor(
    private readonly client: StoreClient,
    private readonly table: FeedTable,
    readonly names: IndexNames,
    private readonly mapping: Mapping,
    private readonly settings: Readonly<Record<string, unknown>>,
  ) {}

  /** @throws SinkRefusedError when an index has a field otherwise; SinkUnavailableError */
  async prepare(): Promise<void> {
    const nested = nestedColumns(this.mapping);
    if (nested !== null) {
      throw new SinkRefusedError(
        `${this.table.name} has the columns ${nested[0]} and ${nested[1]}, and a document cannot have both: ` +
          'leave one out of the columns of this sink',
      );
    }
    await this.putTemplate();
    await this.checkIndexes(this.names.pattern);
  }

  /**
   * Adds fields that indexes do not have yet.
   *
   * @param indexes names with commas between them, or a pattern
   * @throws SinkRefusedError when one of them has a field otherwise
   */
  async checkIndexes(indexes: string): Promise<void> {
    const query = { ignore_unavailable: 'true', allow_no_indices: 'true', expand_wildcards: 'open' };
    const { status, body } = await this.client.request({ method: 'GET', path: `/${indexes}/_mapping`, query });
    if (status === 404) return;
    for (const [index, found] of Object.entries((body ?? {}) as Readonly<Record<string, FoundIndex>>)) {
      if (!this.names.isOne(index)) continue;
      const flat = flatMapping(found.mappings?.properties);
      const conflict = conflictOf(this.mapping, flat);
      if (conflict !== null) throw this.refusal(index, conflict);
      const missing = missingIn(this.mapping, flat);
      if (missing !== null) await this.add(index, missing);
    }
  }

  private async add(index: string, missing: Mapping): Promise<void> {
    const answer = await this.client.request({
      method: 'PUT',
      path: `/${index}/_mapping`,
      body: { properties: missing },
    });
    if (answer.status >= 300) throw this.refusal(index, wordsOf(answer.body));
  }

  private async putTemplate(): Promise<void> {
    const { base, pattern } = this.names;
    // Fields that another process, of a newer stream file, has named there must not be lost again.
    const known = await this.client.request({ method: 'GET', path: `/_index_template/${base}` });
    const template = {
      index_patterns: [pattern],
      // The longer prefix wins where those of two sinks begin alike: equal priorities would be refused.
      priority: 100 + pattern.length,
      template: {
        settings: { index: this.settings },
        mappings: {
          dynamic: false,
          date_detection: false,
          numeric_detection: false,
          _meta: { tillstream: this.table.name },
          properties: { ...templateMapping(known), ...this.mapping },
        },
      },
    };
    await this.expectDone({ method: 'PUT', path: `/_index_template/${base}`, body: template });
  }

  private async expectDone(request: StoreRequest): Promise<void> {
    const { status, body } = await this.client.request(request);
    if (status >= 300) {
      throw new SinkRefusedError(
        `${this.client.nodes} refuses the template ${this.names.base}: ${wordsOf(body)}. OpenSearch, or Elasticsearch 7.8 or ` +
          'newer, takes it; settings under `index` must be its own',
      );
    }
  }

  private refusal(index: string, conflict: string): SinkRefusedError {
    return new SinkRefusedError(
      `the index ${index} has another mapping than ${this.table.name} needs: ${conflict}. Give the sink another prefix, or ` +
        'move that index away (reindex it under another name and delete it)',
    );
  }
}

interface FoundIndex {
  readonly mappings?: { readonly properties?: unknown };
}

function templateMapping({ status, body }: StoreAnswer): Mapping {
  if (status !== 200) return {};
  interface Found {
    readonly index_template?: { readonly template?: { readonly mappings?: { readonly properties?: unknown } } };
  }
  const [found] = (body as { readonly index_templates?: readonly Found[] }).index_templates ?? [];
  return flatMapping(found?.index_template?.template?.mappings?.properties);
}
