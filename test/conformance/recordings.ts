/** The recordings of a table of facts. */
import { loadRecordings, storeRecordings } from '../support/recordings.ts';
import type { Recording } from './recording.ts';

const fileOf = (table: string): URL => new URL(`./recorded/${table}.jsonl.gz`, import.meta.url);

export function writeRecordings(table: string, recordings: readonly Recording[]): void {
  storeRecordings(fileOf(table), recordings);
}

export function readRecordings(table: string): Recording[] {
  return loadRecordings<Recording>(fileOf(table));
}
