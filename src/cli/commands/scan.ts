import { Command } from 'commander';
import type { InputLimits } from '../../base/limits.ts';
import type { Io } from '../io.ts';
import { INPUT_ARGUMENT, LIMIT, THREADS } from '../options.ts';
import type { Finish } from '../program.ts';

export interface ScanOptions {
  readonly threads?: string;
  readonly limit?: Partial<InputLimits>;
}

/** The first reading alone, for those who measure it (docs/performance.md); no other help names it. */
export function defineScan(io: Io, finish: Finish): Command {
  return new Command('scan')
    .description(
      'packets and flows of captures, by the first reading alone: what analyze costs before it looks at anything',
    )
    .argument(...INPUT_ARGUMENT)
    .option(...THREADS)
    .option(...LIMIT)
    .action(async (words: string[], options: ScanOptions) => {
      const { scanAction } = await import('../actions/scan.ts');
      finish(await scanAction(words, options, io));
    });
}
