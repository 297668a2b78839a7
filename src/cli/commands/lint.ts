import { Command, Option } from 'commander';
import type { Io } from '../io.ts';
import { type CommonOptions, examples, withCommonOptions, words } from '../options.ts';
import type { Finish } from '../program.ts';

export interface LintOptions extends CommonOptions<'text' | 'json' | 'junit' | 'sarif' | 'github'> {
  readonly only?: readonly string[];
  readonly ignore?: readonly string[];
  readonly failOn: 'error' | 'warning' | 'note' | 'never';
  readonly list?: boolean;
  readonly fix?: boolean;
  readonly inPlace?: boolean;
}

export function defineLint(io: Io, finish: Finish): Command {
  const command = new Command('lint')
    .description(
      'rules that can never match, do nothing, contradict, will not load, or don’t do what they seem to',
    )
    .argument(
      '[input...]',
      'iptables-save files, iptables -S or -L, bundles, pasted sessions, and whatever else is known of the host (ip addr, ip route, sysctl, docker inspect …); - for standard input',
    )
    .option('--only <ids>', 'these checks alone, with commas between them', words)
    .option('--ignore <ids>', 'all checks but these', words)
    .addOption(
      new Option('--fail-on <level>', 'exit with 1 for findings of that level or a worse one')
        .choices(['error', 'warning', 'note', 'never'])
        .default('warning'),
    )
    .option('--list', 'the checks there are; nettrace explain ID has the page of each')
    .option('--fix', 'print the ruleset without the rules that can be taken out safely (with -o, to a file)')
    .option('--in-place', 'with --fix: write it back into the file')
    .addHelpText(
      'after',
      `
Formats:
  text    file by file, for a terminal
  json    the same as data (schemas/lint.schema.json)
  junit, sarif, github   for CI systems
${examples([
  ['nettrace lint rules.v4 rules.v6', 'What is wrong with these rules:'],
  ['nettrace lint ./bundle --fail-on error', 'With all that is known of the host, and a bar for CI:'],
  ['iptables-save | nettrace lint -', 'What this host has loaded:'],
  ['nettrace lint rules.v4 --fix --in-place', 'Take out what no packet ever comes to:'],
  ['nettrace explain rule-shadowed', 'What a message means:'],
])}
A comment in the file, or of the rule, ignores a check for what follows:

  # nettrace: ignore rule-shadowed
  -A INPUT -p tcp --dport 22 -m comment --comment "nettrace: ignore rule-shadowed" -j ACCEPT
  # nettrace: ignore-file ct-state-obsolete

docs/lint.md has all of it. Tables of nft beside the rules are named, and not
looked at. Exit status: 0 nothing of that level, 1 findings, 2 the command line
or an input is unusable, or there are no rules of iptables (of nft alone).
`,
    );
  return withCommonOptions(command, ['text', 'json', 'junit', 'sarif', 'github']).action(
    async (inputs: string[], options: LintOptions) => {
      const { lintAction } = await import('../actions/lint.ts');
      finish(await lintAction(inputs, options, io));
    },
  );
}
