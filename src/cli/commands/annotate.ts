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

export interface AnnotateOptions extends CommonOptions<'text' | 'json'>, FilterOptions {
  readonly alignClocks?: boolean;
  readonly maxMemory?: string;
  readonly threads?: string;
}

export function defineAnnotate(io: Io, finish: Finish): Command {
  const command = new Command('annotate')
    .description('all captures as one pcapng for Wireshark, with what became of each packet as its comment')
    .argument(...INPUT_ARGUMENT)
    .option('--align-clocks', "times of all hosts by the first one's clock, instead of each host's own")
    .option(...MAX_MEMORY)
    .option(...THREADS)
    .addHelpText(
      'after',
      `${examples([
        ['nettrace annotate ./bundle -o incident.pcapng', 'One file of all captures, to open in Wireshark:'],
        ['nettrace annotate ./bundle | wireshark -k -i -', 'Without a file between:'],
        [
          "nettrace annotate ./bundle --flow 'tcp 10.0.0.2 > 8.8.8.8:53' -o flow.pcapng",
          'One conversation at all capture points, before and behind NAT:',
        ],
        [
          "tshark -r incident.pcapng -Y 'frame.comment' -T fields -e frame.number -e frame.interface_name -e frame.comment",
          'The commented packets of such a file:',
        ],
      ])}
Packets keep their bytes, lengths and times to the nanosecond, and stand in
order of time. Each capture point is an interface of its own. A comment is on
every packet that was dropped, rejected, left without an answer, rewritten by
NAT or answered by an error, and on those that a finding cites; it names
verdict, rule with file and line, and cause. With --flow, --host … only packets
of those flows are written, at all points and both ways; --time goes by each
packet's own time. Filters that help in Wireshark:

  frame.comment contains "dropped"    what died, and where
  frame.comment contains "rewritten"  what NAT made of it
  frame.packet_id == 1234             all sightings of one packet

The summary goes to standard output; to standard error where the file goes there.
Exit status: 0 written, 2 the command line or an input is unusable.
`,
    );
  return withCommonOptions(withFilterOptions(command), ['text', 'json']).action(
    async (words: string[], options: AnnotateOptions) => {
      const { annotateAction } = await import('../actions/annotate.ts');
      finish(await annotateAction(words, options, io));
    },
  );
}
