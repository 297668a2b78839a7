import { formatIp } from '../net/ip.ts';
import { protocolName } from '../net/protocol.ts';
import { type Case, type ModelDrop, netnsOf } from './case.ts';
import type { Command } from './cause.ts';
import { iptablesOf, outInterface } from './words.ts';

/** `-s 10.0.0.2 -d 10.0.0.9 -p tcp --dport 80` of the packet where it died. */
export function selector(drop: ModelDrop): string {
  const { source, destination, protocol, destinationPort, sourcePort } = drop.trace.final;
  const parts = [`-s ${source}`, `-d ${destination}`];
  const name = typeof protocol === 'number' ? protocolName(protocol) : protocol;
  parts.push(`-p ${name}`);
  if (drop.direction === 'forward' && destinationPort !== undefined && hasPortOption(name))
    parts.push(`--dport ${destinationPort}`);
  if (drop.direction === 'reply' && sourcePort !== undefined && hasPortOption(name))
    parts.push(`--sport ${sourcePort}`);
  return parts.join(' ');
}

function hasPortOption(protocol: string): boolean {
  return protocol === 'tcp' || protocol === 'udp' || protocol === 'sctp';
}

/** Docker asks its users to put their rules into DOCKER-USER, which it never touches. */
export function userChain(kase: Case, namespace: string): string {
  const netns = netnsOf(kase, namespace);
  const rulesets = (kase.flow.family === 4 ? netns?.rulesets4 : netns?.rulesets6) ?? [];
  const forward = rulesets.find((ruleset) =>
    ruleset.tables.get('filter')?.chains.get('FORWARD')?.rules[0]?.text.includes('-j DOCKER-USER'),
  );
  return forward ? 'DOCKER-USER' : 'FORWARD';
}

/** Accepts the flow's packets in FORWARD, both ways, before anything that drops them. */
export function forwardAccept(kase: Case, drop: ModelDrop): Command[] {
  const chain = userChain(kase, drop.namespace);
  const last = drop.trace.hops.at(-1);
  const out = outInterface(drop.trace);
  const ports = [last?.in === undefined ? '' : `-i ${last.in}`, out === undefined ? '' : `-o ${out}`].filter(
    (part) => part !== '',
  );
  const there = [...ports, selector(drop)].join(' ');
  const tool = iptablesOf(kase);
  return [
    { namespace: drop.namespace, text: `${tool} -I ${chain} ${there} -j ACCEPT` },
    {
      namespace: drop.namespace,
      text: `${tool} -I ${chain} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT`,
    },
  ];
}

/** The client as a report names it: where it can't be told from the address alone. */
export function clientText(kase: Case): string {
  return formatIp(kase.flow.client.address);
}
