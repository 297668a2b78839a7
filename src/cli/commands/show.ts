import { Command } from 'commander';
import { type FilterOptions, isFiltered, withFilterOptions } from '../filter-options.ts';
import type { Io } from '../io.ts';
import { type CommonOptions, examples, INPUT_ARGUMENT, withCommonOptions } from '../options.ts';
import type { Finish } from '../program.ts';

export type ShowOptions = CommonOptions<'text' | 'json' | 'jsonl' | 'canonical' | 'count'> & FilterOptions;

export function defineShow(io: Io, finish: Finish): Command {
  const command = new Command('show')
    .description('what nettrace sees in a file: what it was recognised as, and its content')
    .argument(...INPUT_ARGUMENT)
    .addHelpText(
      'after',
      `
Formats:
  text       each input's kind, why it was taken for that, where it belongs, and its content
  json       the same as data, records with the lines they were read from
  jsonl      one line a packet
  canonical  rulesets as iptables-save prints them, other dumps as their command does
  count      packets, bytes, first and last time of each capture
${examples([
  ['nettrace show br0.pcap | head', 'The packets of a capture, one a line:'],
  ["nettrace show br0.pcap --flow 'udp 10.0.0.2 <> 8.8.8.8:53' --time +10s..+20s", 'Only these of them:'],
  ['nettrace show ./bundle', 'What is in a bundle, and what each file was taken for:'],
  ['nettrace show --format count *.pcap', 'How much is in some captures, and of when:'],
  [
    'nettrace show --format canonical rules.v4 | diff - <(iptables-save | grep -v ^#)',
    'Is the ruleset still the one that was dumped?',
  ],
])}`,
    );
  return withCommonOptions(withFilterOptions(command), [
    'text',
    'json',
    'jsonl',
    'canonical',
    'count',
  ]).action(async (words: string[], options: ShowOptions) => {
    const { format } = options;
    if (format === 'count' && !isFiltered(options)) {
      const { countAction } = await import('../actions/count.ts');
      finish(await countAction(words, { ...options, format }, io));
      return;
    }
    const { showAction } = await import('../actions/show.ts');
    finish(await showAction(words, options, io));
  });
}
