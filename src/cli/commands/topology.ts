import { Command } from 'commander';
import type { Io } from '../io.ts';
import { type CommonOptions, examples, INPUT_ARGUMENT, withCommonOptions } from '../options.ts';
import type { Finish } from '../program.ts';

export type TopologyOptions = CommonOptions<'text' | 'json' | 'svg' | 'mermaid' | 'dot'>;

export function defineTopology(io: Io, finish: Finish): Command {
  const command = new Command('topology')
    .description('the namespaces, links, bridges, addresses and routes, drawn')
    .argument(...INPUT_ARGUMENT)
    .addHelpText(
      'after',
      `${examples([
        [
          'nettrace topology ./bundle',
          'How the namespaces of a bundle are wired, and where its captures were taken:',
        ],
        [
          'nettrace topology addr.txt routes.txt red:=red-addr.txt',
          'The same from loose outputs of `ip addr` and `ip route`:',
        ],
        [
          'nettrace topology ./bundle --format svg -o topology.svg',
          'A drawing, for a browser, a wiki or a report (mermaid and dot: as text that others draw):',
        ],
        ['nettrace topology br0.pcap eth0.pcap', 'What two captures alone show of the network:'],
      ])}
-v shows loopback devices, MAC and link-local addresses as well.
`,
    );
  return withCommonOptions(command, ['text', 'json', 'svg', 'mermaid', 'dot']).action(
    async (words: string[], options: TopologyOptions) => {
      const { topologyAction } = await import('../actions/topology.ts');
      finish(await topologyAction(words, options, io));
    },
  );
}
