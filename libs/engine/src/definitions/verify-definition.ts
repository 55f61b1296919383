import type { StreamDefinition } from '@tillstream/contracts';
import type { LogReader } from '../ports/log';
import type { DefinitionHistory } from './definition-history';
import { readDefinitions } from './definition-history';
import { definitionInLog } from './definition-in-log';

/** What was found about a stream file. */
export interface VerifiedDefinition {
  /** Reasons not to start, one sentence each. */
  readonly problems: readonly string[];
  /** What an operator should know. */
  readonly warnings: readonly string[];
  readonly history: DefinitionHistory;
}

/**
 * Compares a stream file with what is in force in the log. A service may start with a file that is in force, or was once:
 * then it works under the one that was put live after it.
 */
export async function verifyDefinition(reader: LogReader, file: StreamDefinition): Promise<VerifiedDefinition> {
  const history = await readDefinitions(reader, file);
  const partitions = Array.from({ length: file.schema.partitions }, (_, partition) => partition);
  const found = await Promise.all(partitions.map((partition) => definitionInLog(reader, file, partition)));
  const problems = [...new Set(found)].flatMap((inForce) => {
    const where = partitions.filter((partition) => found[partition] === inForce);
    return problemOf(file, history, `${file.topics.raw}/${where.join(',')}`, inForce);
  });
  const isOld = problems.length === 0 && history.newest.sha256 !== file.sha256;
  const warnings = isOld
    ? [
        `${file.file}: ${history.newest.file} (definition ${short(history.newest.sha256)}) was put live after it, and is ` +
          'what is worked under: start the services with that file',
      ]
    : [];
  return { problems, warnings, history };
}

function problemOf(file: StreamDefinition, history: DefinitionHistory, where: string, inForce: string): string[] {
  if (inForce === '' || inForce === file.sha256) return [];
  if (!history.wasApplied(inForce)) {
    return [
      `${file.file}: ${where} was created for another stream file (definition ${short(inForce)}, this file is ` +
        `${short(file.sha256)}): use the file it was created for, or another stream name`,
    ];
  }
  if (history.wasApplied(file.sha256)) return [];
  return [
    `${file.file}: another stream file is in force in ${where} (definition ${short(inForce)}, this file is ` +
      `${short(file.sha256)}): \`till plan ${file.file}\` shows what differs, \`till apply ${file.file}\` puts it live`,
  ];
}

function short(sha256: string): string {
  return `${sha256.slice(0, 12)}…`;
}
