import { answerSqlQuestions } from '../sql/sql-child';

// What main.ts does when it is told to answer SQL, for specs that have no built service.
answerSqlQuestions();
