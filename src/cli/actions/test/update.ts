/** `--update`: what holds is written into the cases. */
import { printable } from '../../../base/printable.ts';
import { updatedSource } from '../../../cases/file/update.ts';
import { counted } from '../../../cases/report/text.ts';
import type { CaseResult } from '../../../cases/run/result.ts';
import type { TestOptions } from '../../commands/test.ts';
import type { Io } from '../../io.ts';
import { writeWholeFile } from '../../whole-file.ts';

/** The paths of the cases that were written. */
export function updateCases(results: readonly CaseResult[], { quiet }: TestOptions, io: Io): string[] {
  return results.flatMap(({ file, rows }) => {
    const edits = rows.flatMap(({ update }) => update ?? []);
    if (edits.length === 0) return [];
    const source = updatedSource(file.source, edits);
    writeWholeFile(file.path, source);
    if (!quiet)
      io.stderr.write(`nettrace: ${printable(file.path)}: ${counted(edits.length, 'row')} written\n`);
    return [file.path];
  });
}
