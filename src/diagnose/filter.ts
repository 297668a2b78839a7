import { formatIp } from '../net/ip.ts';
import { protocolName } from '../net/protocol.ts';
import type { DecidingStep } from '../netstack/hop.ts';
import { machineOf } from '../snapshot/machines.ts';
import type { Rule } from '../xtables/rule.ts';
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

/** The same in nft's words; ICMP only of that type. */
export function nftSelector(drop: ModelDrop): string {
  const { family, source, destination, protocol, destinationPort, sourcePort, icmpType } = drop.trace.final;
  const ip = family === 4 ? 'ip' : 'ip6';
  const name = typeof protocol === 'number' ? protocolName(protocol) : protocol;
  const addresses = `${ip} saddr ${source} ${ip} daddr ${destination}`;
  if (icmpType !== undefined) return `${addresses} ${family === 4 ? 'icmp' : 'icmpv6'} type ${icmpType}`;
  if (hasPortOption(name)) {
    if (drop.direction === 'forward' && destinationPort !== undefined)
      return `${addresses} ${name} dport ${destinationPort}`;
    if (sourcePort !== undefined) return `${addresses} ${name} sport ${sourcePort}`;
  }
  return `${addresses} meta l4proto ${name}`;
}

/** An accept for just this traffic before the nft rule that drops it: at that place by handle, else at the chain's beginning. */
export function acceptInNft(drop: ModelDrop, rule: NftStep): Command {
  const before = rule.kind === 'nft-rule' && rule.handle !== undefined ? ` position ${rule.handle}` : '';
  return {
    namespace: drop.namespace,
    text: `nft insert rule ${rule.family} ${rule.table} ${rule.chain}${before} ${nftSelector(drop)} accept`,
  };
}

type NftStep = Extract<DecidingStep, { kind: 'nft-rule' | 'nft-policy' }>;

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

/**
 * Accepts the traffic in FORWARD, both ways, before anything that drops it: what goes out, by its interfaces; what comes in, for
 * the service it is for, whoever the client is.
 */
export function forwardAccept(kase: Case, drop: ModelDrop): Command[] {
  const { rule } = drop.trace;
  if (rule?.kind === 'nft-rule' || rule?.kind === 'nft-policy') return [acceptInNft(drop, rule)];
  const chain = userChain(kase, drop.namespace);
  const device = drop.trace.hops.at(-1)?.in;
  const out = outInterface(drop.trace);
  const ports = [device === undefined ? '' : `-i ${device}`, out === undefined ? '' : `-o ${out}`].filter(
    (part) => part !== '',
  );
  const outward = out !== undefined && isUplink(kase, drop.namespace, out);
  const there = outward ? ports.join(' ') : [...ports, selector(drop).replace(/^-s \S+ /, '')].join(' ');
  const tool = iptablesOf(kase, drop.trace.rule?.path);
  const request = { namespace: drop.namespace, text: `${tool} -I ${chain} ${there} -j ACCEPT` };
  if (acceptsEstablished(kase, drop.namespace)) return [request];
  return [
    request,
    {
      namespace: drop.namespace,
      text: `${tool} -I ${chain} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT`,
    },
  ];
}

/**
 * An ACCEPT for the request, and one for answers, in DOCKER-USER: before all chains that Docker writes anew when it likes.
 * Undefined where there is no such chain before the rule that drops it.
 */
export function acceptInDockerUser(kase: Case, drop: ModelDrop): Command[] | undefined {
  const { rule } = drop.trace;
  if (rule?.kind !== 'rule' || rule.table !== 'filter' || !/^DOCKER(?!-USER)/.test(rule.chain))
    return undefined;
  if (userChain(kase, drop.namespace) !== 'DOCKER-USER') return undefined;
  const tool = iptablesOf(kase, rule.path);
  const netns = netnsOf(kase, drop.namespace);
  const rulesets = (kase.flow.family === 4 ? netns?.rulesets4 : netns?.rulesets6) ?? [];
  const own = rulesets.flatMap(({ tables }) => tables.get('filter')?.chains.get('DOCKER-USER')?.rules ?? []);
  const answers = `${tool} -I DOCKER-USER -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT`;
  return [
    { namespace: drop.namespace, text: `${tool} -I DOCKER-USER ${selector(drop)} -j ACCEPT` },
    ...(own.some(acceptsAnswers) ? [] : [{ namespace: drop.namespace, text: answers }]),
  ];
}

/** Some rule of FORWARD, or of a chain it jumps to, lets answers pass already. */
function acceptsEstablished(kase: Case, namespace: string): boolean {
  const netns = netnsOf(kase, namespace);
  const rulesets = (kase.flow.family === 4 ? netns?.rulesets4 : netns?.rulesets6) ?? [];
  return rulesets.some((ruleset) => {
    const forward = ruleset.tables.get('filter')?.chains.get('FORWARD')?.rules ?? [];
    return forward.some(acceptsAnswers);
  });
}

/** Of every connection. */
function acceptsAnswers({ text, in: device, out, source, destination }: Rule): boolean {
  return /ESTABLISHED/.test(text) && /-j ACCEPT/.test(text) && !device && !out && !source && !destination;
}

/** Does a default route leave by this device? */
export function isUplink(kase: Case, namespace: string, device: string): boolean {
  const netns = netnsOf(kase, namespace);
  const routes = (kase.flow.family === 4 ? netns?.routes4 : netns?.routes6)?.routes ?? [];
  return routes.some(
    (route) => route.destination.length === 0 && route.nexthops.some(({ dev }) => dev === device),
  );
}

/** Docker's own chains are there and empty while containers run: somebody flushed the filter table. */
export function emptiedByFlush(
  kase: Case,
  namespace: string,
): { path: string; line?: number; text: string } | undefined {
  const netns = netnsOf(kase, namespace);
  if (!machineOf(kase.snapshot, namespace).docker.containers.some(({ running }) => running)) return undefined;
  for (const ruleset of (kase.flow.family === 4 ? netns?.rulesets4 : netns?.rulesets6) ?? []) {
    const filter = ruleset.tables.get('filter');
    const chain = filter?.chains.get('DOCKER');
    const jumps = filter?.chains.get('FORWARD')?.rules.some(({ text }) => /-j DOCKER/.test(text));
    if (!chain || chain.rules.length > 0 || jumps) continue;
    return {
      path: ruleset.path,
      ...(chain.span && { line: chain.span.line }),
      text: 'Docker’s filter chains are empty, and FORWARD does not jump to them',
    };
  }
  return undefined;
}

/** The client as a report names it: where it can't be told from the address alone. */
export function clientText(kase: Case): string {
  return formatIp(kase.flow.client.address);
}
