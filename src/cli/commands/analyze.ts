import { Command } from 'commander';
import { type FilterOptions, withFilterOptions } from '../filter-options.ts';
import type { Io } from '../io.ts';
import {
  type CommonOptions,
  examples,
  INPUT_ARGUMENT,
  MAX_MEMORY,
  THREADS,
  WHAT_IF,
  withCommonOptions,
} from '../options.ts';
import type { Finish } from '../program.ts';

export interface AnalyzeOptions
  extends CommonOptions<'text' | 'json' | 'markdown' | 'html' | 'junit' | 'sarif' | 'github'>,
    FilterOptions {
  readonly whatIf?: readonly string[];
  readonly maxMemory?: string;
  readonly threads?: string;
}

export function defineAnalyze(io: Io, finish: Finish): Command {
  const command = new Command('analyze')
    .description('what happened to every flow, why, and the fix')
    .argument(...INPUT_ARGUMENT)
    .option(...WHAT_IF)
    .option(...MAX_MEMORY)
    .option(...THREADS)
    .addHelpText(
      'after',
      `${examples([
        [
          'nettrace analyze br0.pcap eth0.pcap rules.v4 routes.txt addr.txt sysctl.txt',
          'Two captures of a host and what its commands printed:',
        ],
        ['nettrace analyze ./bundle', 'A directory or archive in the layout of a bundle:'],
        [
          'nettrace analyze host:br0=cap1.pcap red:eth0=cap2.pcapng red:=red-routes.txt',
          'Where a capture was taken, and whose dump it is, said outright:',
        ],
        [
          'nettrace analyze node-1.tar.gz node-2.tar.gz',
          'Several hosts, each with its bundle: one path across all of them:',
        ],
        ['tcpdump -i br0 -w - | nettrace analyze - rules.v4', 'A capture from standard input:'],
        ['nettrace analyze ./bundle --format html -o report.html', 'A page to send around:'],
        [
          'nettrace analyze ./bundle --format markdown -o issue.md',
          'For an issue or a wiki, with Mermaid diagrams:',
        ],
        [
          "nettrace analyze ./bundle --what-if 'sysctl -w net.ipv4.ip_forward=1'",
          'What a command would change, without running it:',
        ],
        [
          "nettrace analyze ./bundle --host 10.0.0.2 --port 53 --time '+10s..+20s'",
          'Of all that was captured only this:',
        ],
        [
          'nettrace analyze ./bundle --format sarif -o nettrace.sarif',
          'For a code scanning service; junit is for CI systems, github prints\n  annotations of GitHub Actions:',
        ],
      ])}
What a file is, is found by its content. Nothing but captures is needed; each
dump that is there makes the answer more certain, and the report names those
that would help.
`,
    );
  return withCommonOptions(withFilterOptions(command), [
    'text',
    'json',
    'markdown',
    'html',
    'junit',
    'sarif',
    'github',
  ]).action(async (words: string[], options: AnalyzeOptions) => {
    const { analyzeAction } = await import('../actions/analyze.ts');
    finish(await analyzeAction(words, options, io));
  });
}
