import { isPrivate } from '../../correlate/owner.ts';
import { formatIp } from '../../net/ip.ts';
import { networkOf } from '../../net/prefix.ts';
import type { Case } from '../case.ts';
import type { Cause } from '../cause.ts';
import { describeSighting, seenAt } from '../evidence.ts';
import { leftUntranslated, masquerading, natNearMisses } from '../nat.ts';
import { nameOf } from '../words.ts';

export const natMasqueradeMissing: Cause = {
  id: 'nat-masquerade-missing',
  title: 'Private addresses leave without being translated',
  severity: 'error',
  page: () => ({
    symptom: 'Packets leave the uplink, and no answer ever comes back.',
    mechanism:
      'The far side answers to the source address that it sees. A private address of a bridge means nothing there, so without SNAT or MASQUERADE the answer has nowhere to go.',
    check: 'tcpdump on the uplink (private source); iptables -t nat -S POSTROUTING',
    proof:
      'The packet is on the uplink with its private source, nothing comes back for it, and nat POSTROUTING has no rule for that subnet. Captures on the way out are behind NAT, so what they show is what was sent.',
    refutation:
      'An answer to the private address: then the far side has a route to it and needs no translation. An untranslated source on the bridge or on another inner interface is as it should be.',
    settledBy: ['iptables-save -t nat -c', 'nft list ruleset', 'ip route get ADDRESS (at the far end)'],
    repair:
      'Masquerade the subnet on its way out (-s SUBNET ! -o BRIDGE), let Docker manage its rules again, or give the far side a route.',
    references: [
      'net/netfilter/nf_nat_masquerade.c: nf_nat_masquerade_ipv4()',
      'RFC 1918, RFC 3022',
      'moby/moby#13381',
      'moby/moby#41795',
      'moby/moby#28133',
      'moby/moby#28811',
    ],
  }),
  find(kase) {
    const left = leftUntranslated(kase);
    if (!left || natNearMisses(kase, left).length > 0 || isRoutedBetweenNetworks(kase)) return undefined;
    const { family } = kase.flow;
    const source = formatIp(left.source);
    const where = nameOf(kase, left.namespace);
    const subnet = left.subnet ?? networkOf(left.source, family === 4 ? 24 : 64);
    const far = formatIp(kase.flow.server.address);
    return {
      confidence: confidenceOf(
        left.seen !== undefined,
        left.rulesKnown,
        isPrivate(kase.flow.server.address),
        assumed(kase, left.namespace),
      ),
      title: `${where} sends ${source} out of ${left.out} untranslated: ${left.rulesKnown ? 'there is no MASQUERADE or SNAT for it' : 'MASQUERADE or SNAT seems to be missing, or not to match'}`,
      explanation:
        `The packet is forwarded and leaves ${left.out} with ${source} as its source, an address of a network behind ${where} that nobody ` +
        `out there has a route to. ${far} may well have received it, but its answer is for ${source} and gets lost, or is thrown away by the ` +
        `first router. What leaves ${left.out} has to carry an address of ${where}: that is what MASQUERADE in nat POSTROUTING does.`,
      namespace: left.namespace,
      interface: left.out,
      group: `${left.out} ${left.inside ?? ''}`,
      status: 'no-reply',
      evidence: [
        ...(left.seen
          ? [
              seenAt(
                kase,
                left.seen,
                `${describeSighting(left.seen)} leaves ${left.out} with its private source`,
              ),
            ]
          : []),
        ...left.silence,
        ...left.rules,
      ],
      fix: [masquerading(kase, left, subnet, 'end')],
    };
  },
};

/** What had to be assumed before the packet came to that namespace says nothing once it is there. */
function assumed({ prediction }: Case, namespace: string): number {
  const there = prediction?.there;
  const others = new Set(there?.hops.map((hop) => hop.namespace).filter((name) => name !== namespace));
  return (there?.assumptions ?? []).filter((text) => !others.has(text.split(': ')[0] ?? '')).length;
}

/** From one private network to another that has a route of its own here: routers pass such packets on as they are. */
function isRoutedBetweenNetworks({ flow, prediction }: Case): boolean {
  const step = prediction?.there.hops.at(-1)?.steps.findLast(({ kind }) => kind === 'route');
  return (
    isPrivate(flow.server.address) &&
    step?.kind === 'route' &&
    step.route !== undefined &&
    !/^(default|0\.0\.0\.0\/0|::\/0)\b/.test(step.route)
  );
}

/** Seen with its private source and known to have no rule: certain, unless the far end is a private network that may know the way. */
function confidenceOf(seen: boolean, rulesKnown: boolean, farPrivate: boolean, assumptions: number): number {
  if (!rulesKnown) return seen ? 0.55 : 0.4;
  const confidence = (seen ? 0.93 : assumptions > 0 ? 0.5 : 0.7) - (farPrivate ? 0.38 : 0);
  return Math.round(confidence * 100) / 100;
}
