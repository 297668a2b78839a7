import { Command } from 'commander';
import type { Io } from '../io.ts';
import { type CommonOptions, examples, INPUT_ARGUMENT, WHAT_IF, withCommonOptions } from '../options.ts';
import type { Finish } from '../program.ts';

export interface TraceOptions extends CommonOptions<'text' | 'json'> {
  readonly from: string;
  readonly to: string;
  readonly proto?: string;
  readonly src?: string;
  readonly sport?: string;
  readonly dport?: string;
  readonly icmpType?: string;
  readonly icmpCode?: string;
  readonly ttl?: string;
  readonly tos?: string;
  readonly mark?: string;
  readonly whatIf?: readonly string[];
  readonly steps?: boolean;
}

export function defineTrace(io: Io, finish: Finish): Command {
  const command = new Command('trace')
    .description('one hypothetical packet, hop by hop, there and back')
    .argument(...INPUT_ARGUMENT)
    .requiredOption(
      '--from <ns[:iface]>',
      'namespace whose process sends it, or the interface it comes in by from the wire',
    )
    .requiredOption('--to <address[:port]>', 'destination address')
    .option(
      '--proto <protocol>',
      'icmp, tcp, udp or another name or number (default: tcp with a port, else icmp)',
    )
    .option('--src <address>', 'source address (default: the one the kernel would choose)')
    .option('--sport <port>', 'source port')
    .option('--dport <port>', 'destination port')
    .option('--icmp-type <type>', 'ICMP type, by number or iptables name (default: echo-request)')
    .option('--icmp-code <code>', 'ICMP code')
    .option('--ttl <hops>', 'time to live, hop limit')
    .option('--tos <value>', 'type of service, traffic class')
    .option('--mark <mark>', 'packet mark (SO_MARK) of a local sender')
    .option('--steps', 'of a script or pasted session: the outcome after each command')
    .option(...WHAT_IF)
    .addHelpText(
      'after',
      `${examples([
        [
          'nettrace trace ./bundle --from red --to 8.8.8.8',
          'Would a ping from the namespace red get out, and its answer back?',
        ],
        [
          'nettrace trace ./bundle --from host:eth0 --src 198.51.100.7 --to 192.0.2.10 --dport 8080',
          'A connection from outside to a published port:',
        ],
        [
          'nettrace trace rules.v4 addr.txt routes.txt --from host --to 10.0.0.9 --proto udp --dport 53',
          'The same question with nothing but three dumps:',
        ],
        [
          'nettrace trace setup.sh --from ns1 --to 8.8.8.8 --steps',
          'Which command of a set-up script, or of a pasted session, made it work:',
        ],
      ])}
Every rule that matches is listed as the kernel's TRACE target lists it, with
the line of the dump it stands in. Where the inputs hold a netfilter trace of a
packet just like it, the kernel's own path is shown below.
`,
    );
  return withCommonOptions(command, ['text', 'json']).action(
    async (words: string[], options: TraceOptions) => {
      const { traceAction } = await import('../actions/trace.ts');
      finish(await traceAction(words, options, io));
    },
  );
}
