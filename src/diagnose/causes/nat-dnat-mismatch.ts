import { ownersOf } from '../../correlate/owner.ts';
import { formatIp } from '../../net/ip.ts';
import { PROTOCOL, protocolName } from '../../net/protocol.ts';
import { printStatement } from '../../nft/print/statement.ts';
import type { Rule } from '../../xtables/rule.ts';
import type { Case } from '../case.ts';
import type { Cause, Command, Found } from '../cause.ts';
import {
  asksForPort,
  type FailedMatch,
  failedMatches,
  fieldOf,
  type NftNatRule,
  nftNatRules,
} from '../nft-nat.ts';
import { dnatRules, nearMissOf } from '../published.ts';
import { type Refusal, refusalOf } from '../refusal.ts';
import { capital, iptablesOf, nameOf } from '../words.ts';

export const natDnatMismatch: Cause = {
  id: 'nat-dnat-mismatch',
  title: 'The DNAT rule does not match',
  severity: 'error',
  page: () => ({
    symptom: 'Refused, or the wrong service answers, although there is a DNAT rule for the port.',
    mechanism:
      'A DNAT rule that names an old address, another interface, protocol or port does not match; the packet stays addressed to the host and meets the host’s own sockets.',
    check: 'iptables -t nat -L PREROUTING -nv (the rule’s counter stays 0)',
    proof:
      'The host refuses the request itself, nothing of it is on the bridge, and the DNAT rule differs from the packet in one condition; its counter stays.',
    refutation:
      'The rule’s counter grows with the requests, or the translated packet is seen: then the refusal is the target’s.',
    settledBy: [
      'iptables-save -t nat -c',
      'ip addr show (does the host still have the address of -d?)',
      'tcpdump -n on the uplink (what clients really ask for)',
    ],
    repair:
      'Correct the condition, or match any local address (-m addrtype --dst-type LOCAL) where the host’s address changes.',
    references: [
      'net/netfilter/nf_tables_core.c: nft_do_chain()',
      'net/ipv4/netfilter/ip_tables.c: ipt_do_table()',
      'net/ipv4/tcp_ipv4.c: tcp_v4_rcv(), drop reason NO_SOCKET',
      'iptables-extensions(8): DNAT, addrtype',
    ],
  }),
  find(kase) {
    const refusal = refusalOf(kase);
    if (!refusal || refusal.dnat || refusal.namespace === undefined) return undefined;
    if (
      !ownersOf(kase.snapshot, kase.flow.server.address).some(({ netns }) => netns.name === refusal.namespace)
    )
      return undefined;
    for (const { rule, place } of dnatRules(kase, refusal.namespace)) {
      const why = nearMissOf(kase, rule);
      if (why === undefined) continue;
      const where = nameOf(kase, refusal.namespace);
      return {
        confidence: Math.min(0.97, refusal.confidence + 0.02),
        title: `${where}’s DNAT rule for port ${kase.flow.server.port} does not match: ${why}`,
        explanation:
          `${capital(where)} has a DNAT rule for this port (nat ${place.chain} rule ${place.number}), but it does not apply to this packet: ${why}. So the packet keeps its ` +
          `destination, is delivered to ${where} itself, where nobody listens on port ${kase.flow.server.port}, and is refused.`,
        namespace: refusal.namespace,
        rule: place,
        status: 'rejected',
        evidence: [
          {
            path: place.path,
            line: place.line,
            text: `nat ${place.chain} rule ${place.number}: ${place.text}`,
          },
          ...refusal.evidence,
        ],
        fix: corrected(kase, refusal.namespace, rule, place),
        effect: 'Correct the rule’s condition, so that it covers what clients ask for.',
      };
    }
    return inNft(kase, refusal.namespace, refusal);
  },
};

/** A rule of nft's own tables that is for this port, and doesn't take the packet. */
function inNft(kase: Case, namespace: string, refusal: Refusal): Found | undefined {
  const { flow, prediction } = kase;
  const device = prediction?.there.hops.at(-1)?.in;
  const packet = { source: flow.client.address, destination: flow.server.address, in: device };
  for (const found of nftNatRules(kase, namespace, 'prerouting')) {
    if (!asksForPort(found)) continue;
    const other = flow.protocol === PROTOCOL.tcp ? PROTOCOL.udp : PROTOCOL.tcp;
    const failed = failedMatches(kase, found, 'prerouting', packet);
    const alike = failedMatches(kase, found, 'prerouting', packet, other);
    const isOther = !alike.some((each) => fieldOf(each) === 'dport') && failed.length > alike.length;
    if (!isOther && (failed.length === 0 || failed.some((each) => fieldOf(each) === 'dport'))) continue;
    const { place } = found;
    const [first] = failed;
    const why = isOther
      ? `it is for ${protocolName(other)}, and the client comes with ${protocolName(flow.protocol)}`
      : reason(first, flow, device);
    const where = nameOf(kase, namespace);
    const rule = `${place.table} ${place.chain} rule ${place.number}`;
    return {
      confidence: Math.min(0.97, refusal.confidence + 0.02),
      title: `${where}’s DNAT rule for port ${flow.server.port} does not match: ${why}`,
      explanation:
        `${capital(where)} has a DNAT rule for this port (${rule}), but it does not apply to this packet: ${why}. So the packet keeps its ` +
        `destination, is delivered to ${where} itself, where nobody listens on port ${flow.server.port}, and is refused.`,
      namespace,
      rule: place,
      status: 'rejected',
      evidence: [{ path: place.path, line: place.line, text: `${rule}: ${place.text}` }, ...refusal.evidence],
      fix: isOther ? [] : correctedInNft(kase, namespace, found, failed, device),
      effect: 'Correct the rule’s condition, so that it covers what clients ask for.',
    };
  }
  return undefined;
}

function reason(failed: FailedMatch | undefined, { client, server }: Case['flow'], device = '?'): string {
  const field = (failed && fieldOf(failed)) ?? '';
  const asks = `it asks for "${failed?.text}"`;
  if (/^iif/.test(field)) return `${asks}, and the packet comes in by ${device}`;
  if (field === 'daddr') return `${asks}, and the client asks ${formatIp(server.address)}`;
  if (field === 'saddr') return `${asks}, and the client is ${formatIp(client.address)}`;
  return `${asks}, and the packet is another`;
}

/** The same rule once more, in front, with what this packet has in place of the conditions that failed. */
function correctedInNft(
  { flow }: Case,
  namespace: string,
  { rule, table, chain }: NftNatRule,
  failed: readonly FailedMatch[],
  device: string | undefined,
): Command[] {
  const ip = flow.family === 4 ? 'ip' : 'ip6';
  const print = { family: table.family, chains: new Map(), stateful: false };
  const words = rule.statements.map((statement) => {
    const wrong = failed.find((each) => each.statement === statement);
    if (!wrong) return printStatement(statement, print);
    const field = fieldOf(wrong) ?? '';
    if (/^iif/.test(field) && device !== undefined) return `iifname ${device}`;
    return field === 'daddr' ? `${ip} daddr ${formatIp(flow.server.address)}` : undefined;
  });
  if (words.includes(undefined)) return [];
  return [
    { namespace, text: `nft insert rule ${table.family} ${table.name} ${chain.name} ${words.join(' ')}` },
  ];
}

/** The same rule with the condition that failed set to what this packet has; a rule for another protocol keeps its place. */
function corrected(
  kase: Case,
  namespace: string,
  rule: Rule,
  place: { chain: string; number: number; text: string },
): Command[] {
  const { flow } = kase;
  const spec = place.text.replace(/^-A \S+ /, '');
  const tool = `${iptablesOf(kase)} -t nat`;
  if (rule.protocol && rule.protocol.protocol !== flow.protocol) {
    const name = protocolName(flow.protocol);
    const other = spec.replace(/-p \S+/, `-p ${name}`).replace(/-m (tcp|udp|sctp)\b/, `-m ${name}`);
    return [{ namespace, text: `${tool} -A ${place.chain} ${other}` }];
  }
  const device = kase.prediction?.there.hops.at(-1)?.in;
  const replaced = spec
    .replace(
      /(^| )-d \S+/,
      rule.destination && !rule.destination.invert ? `$1-d ${formatIp(flow.server.address)}` : '$&',
    )
    .replace(/(^| )-i \S+/, rule.in && !rule.in.invert && device !== undefined ? `$1-i ${device}` : '$&');
  return replaced === spec
    ? []
    : [{ namespace, text: `${tool} -R ${place.chain} ${place.number} ${replaced}` }];
}
