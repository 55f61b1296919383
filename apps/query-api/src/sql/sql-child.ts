import { answerSql, type SqlOutcome, type SqlQuestion } from '@tillstream/adapter-lake';

/** Behind the program's name: it answers SQL for its parent, and does nothing else. */
export const SQL_ARGUMENT = 'answer-sql';

/** What a question becomes, or how answering it has failed. */
export type ChildAnswer = SqlOutcome | { readonly kind: 'failed'; readonly message: string };

/** Answers questions that the parent sends, one at a time, until it is gone. */
export function answerSqlQuestions(): void {
  process.on('message', (question: SqlQuestion) => void answered(question).then((answer) => process.send?.(answer)));
  process.on('disconnect', () => process.exit(0));
}

function answered(question: SqlQuestion): Promise<ChildAnswer> {
  return answerSql(question).catch((error: unknown) => ({
    kind: 'failed',
    message: error instanceof Error ? error.message : String(error),
  }));
}
