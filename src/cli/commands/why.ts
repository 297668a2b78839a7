import { Command } from 'commander';
import { type FilterOptions, withFilterOptions } from '../filter-options.ts';
import type { Io } from '../io.ts';
import {
  type CommonOptions,
  examples,
  INPUT_ARGUMENT,
  MAX_MEMORY,
  THREADS,
  withCommonOptions,
} from '../options.ts';
import type { Finish } from '../program.ts';

export interface WhyOptions extends CommonOptions<'text' | 'json' | 'markdown'>, FilterOptions {
  readonly maxMemory?: string;
  readonly threads?: string;
}

export function defineWhy(io: Io, finish: Finish): Command {
  const command = new Command('why')
    .description("one flow's story: who wanted what, where it was seen, what decided, and the fix")
    .argument(...INPUT_ARGUMENT);
  withFilterOptions(command)
    .option(...MAX_MEMORY)
    .option(...THREADS)
    .addHelpText(
      'after',
      `${examples([
        ["nettrace why ./bundle --flow 'udp 10.0.0.2 > 8.8.8.8:53'", 'What became of that query:'],
        [
          'nettrace why ./bundle --host web --port 443 --format markdown',
          'The same of a container, for an issue:',
        ],
        ['nettrace why ./bundle', 'The flow that fails most importantly:'],
      ])}
Of several flows the failing one is told, and how to pick the others.
`,
    );
  return withCommonOptions(command, ['text', 'json', 'markdown']).action(
    async (words: string[], options: WhyOptions) => {
      const { whyAction } = await import('../actions/analyze.ts');
      finish(await whyAction(words, options, io));
    },
  );
}
