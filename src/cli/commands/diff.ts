import { Command } from 'commander';
import type { Io } from '../io.ts';
import { type CommonOptions, examples, WHAT_IF, withCommonOptions } from '../options.ts';
import type { Finish } from '../program.ts';

export interface DiffCommandOptions extends CommonOptions<'text' | 'json'> {
  readonly whatIf?: readonly string[];
}

export function defineDiff(io: Io, finish: Finish): Command {
  const command = new Command('diff')
    .description('which traffic two states treat differently, each with an example packet')
    .argument('<before>', 'a ruleset (iptables-save, ip6tables-save), or a bundle: a directory or .tar.gz')
    .argument('[after]', 'the other state; without it: the first one after the commands of --what-if')
    .option(...WHAT_IF)
    .addHelpText(
      'after',
      `${examples([
        ['nettrace diff before.rules after.rules', 'What a change of the rules does to packets:'],
        [
          "nettrace diff ./bundle --what-if 'iptables -I FORWARD -p tcp --dport 25 -j DROP'",
          'What a command would do, before it is typed:',
        ],
        ['nettrace diff monday.tar.gz friday.tar.gz --format json', 'Two bundles of one host, as data:'],
      ])}
All packets are compared, not samples of them: over interfaces, addresses, ports,
connection state, marks and the other header fields that rules ask. What no
header decides (limits, strings, unknown matches) is taken to hold as well as not
to hold. Each difference is shown with a packet that the kernel model tried.

Exit status, as diff(1) has it: 0 no packet is treated differently, 1 some are or
it can't be decided, 2 the command line or an input is unusable.
`,
    );
  return withCommonOptions(command, ['text', 'json']).action(
    async (before: string, after: string | undefined, options: DiffCommandOptions) => {
      const { diffAction } = await import('../actions/diff.ts');
      finish(await diffAction(before, after, options, io));
    },
  );
}
