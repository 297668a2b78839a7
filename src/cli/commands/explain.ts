import { Command, Option } from 'commander';
import type { Io } from '../io.ts';
import { examples } from '../options.ts';
import type { Finish } from '../program.ts';
import type { ColorChoice } from '../terminal.ts';

export interface ExplainOptions {
  readonly format: 'text' | 'json' | 'markdown';
  readonly output?: string;
  readonly color: ColorChoice;
}

export function defineExplain(io: Io, finish: Finish): Command {
  return new Command('explain')
    .description('a page of the catalogue: what goes wrong, how it shows, what repairs it')
    .argument('[cause...]', 'ids as findings name them, or words to look for; without any, the list of all')
    .addOption(
      new Option('--format <format>', 'form of the output')
        .choices(['text', 'json', 'markdown'])
        .default('text'),
    )
    .option('-o, --output <file>', 'write there instead of to standard output')
    .addOption(
      new Option('--color <when>', 'colours; auto honours NO_COLOR')
        .choices(['auto', 'always', 'never'])
        .default('auto'),
    )
    .addHelpText(
      'after',
      examples([
        ['nettrace explain fwd-ip-forward-off', 'What a finding is about:'],
        ['nettrace explain rule-shadowed', 'What nettrace lint means by it:'],
        ['nettrace explain hairpin', 'Which causes have to do with it:'],
        ['nettrace explain limits', 'What an input may cost, and how --limit sets it:'],
        ['nettrace explain', 'Everything that nettrace knows to go wrong:'],
      ]),
    )
    .action(async (words: string[], options: ExplainOptions) => {
      const { explainAction } = await import('../actions/explain.ts');
      finish(explainAction(words, options, io));
    });
}
