import { Command } from 'commander';
import { type FilterOptions, withFilterOptions } from '../filter-options.ts';
import type { Io } from '../io.ts';
import { type CommonOptions, examples, withCommonOptions } from '../options.ts';
import type { Finish } from '../program.ts';

export interface ReplayOptions extends CommonOptions<'jsonl' | 'counters'>, FilterOptions {
  readonly inject?: readonly string[];
  readonly respond?: boolean;
}

export function defineReplay(io: Io, finish: Finish): Command {
  const command = new Command('replay')
    .description('every captured (or injected) packet through the model, one JSON line each')
    .argument('<input...>', 'captures and command outputs, or a bundle')
    .option(
      '--inject <ns:iface=file>',
      "feed that capture's packets as arriving on the interface; NS:@local=FILE as sent by a process there; may be given again",
      (value: string, before: readonly string[] | undefined) => [...(before ?? []), value],
    )
    .option('--respond', "add the kernel's own answers: echo replies, RST, ICMP errors")
    .addHelpText(
      'after',
      `${examples([
        [
          'nettrace replay ./bundle',
          'What the model makes of every packet of the captures (each at its first sighting):',
        ],
        [
          'nettrace replay ./bundle --inject host:eth0=stimulus.pcap --inject red:@local=out.pcap',
          'Packets of my own, merged by time:',
        ],
        [
          'nettrace replay ./bundle --format counters',
          'Rule counters after that traffic, as iptables-save -c would print them:',
        ],
        [
          "nettrace replay ./bundle --flow 'tcp 10.0.0.2 > 8.8.8.8:443' --format counters",
          'Which rules one flow passes, without what others do to limits and lists:',
        ],
      ])}`,
    );
  return withCommonOptions(withFilterOptions(command), ['jsonl', 'counters']).action(
    async (words: string[], options: ReplayOptions) => {
      const { replayAction } = await import('../actions/replay.ts');
      finish(await replayAction(words, options, io));
    },
  );
}
