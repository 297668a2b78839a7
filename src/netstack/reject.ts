/** reject_tg(), net/ipv4/netfilter/ipt_REJECT.c and net/ipv6/netfilter/ip6t_REJECT.c; nf_dup_ipv4(). */
import type { Ip } from '../net/ip.ts';
import { headerOf } from '../skb/fields.ts';
import { cloneSkb } from '../skb/from-packet.ts';
import { setTtl } from '../skb/rewrite.ts';
import type { Hook } from '../xtables/rule.ts';
import { attachConntrack, queueAnswer, queueIcmp } from './answer.ts';
import { type IcmpMessage, tcpReset } from './icmp.ts';
import { mayReject } from './reject-checksum.ts';
import { addStep, type Copy, type Run } from './run.ts';

const ICMP4: Readonly<Record<string, number>> = {
  'icmp-net-unreachable': 0,
  'icmp-host-unreachable': 1,
  'icmp-proto-unreachable': 2,
  'icmp-port-unreachable': 3,
  'icmp-net-prohibited': 9,
  'icmp-host-prohibited': 10,
  'icmp-admin-prohibited': 13,
};
const ICMP6: Readonly<Record<string, number>> = {
  'icmp6-no-route': 0,
  'icmp6-adm-prohibited': 1,
  'icmp6-addr-unreachable': 3,
  'icmp6-port-unreachable': 4,
  'icmp6-policy-fail': 5,
  'icmp6-reject-route': 6,
};

/** The answer of a REJECT, where there is one: the rule ends the packet in any case. */
export function reject(run: Run, copy: Copy, kind: string, hook: Hook): void {
  const { skb } = copy;
  if (!mayReject(skb)) return;
  if (kind !== 'tcp-reset') {
    queueIcmp(run, copy, messageOf(skb.family, kind), { shown: kind });
    return;
  }
  const broadcast = skb.packetType === 'broadcast' || skb.packetType === 'multicast';
  const answer = broadcast ? undefined : tcpReset(skb);
  if (!answer) return;
  attachConntrack(answer, skb);
  const direct = copy.bridge && hook !== 'OUTPUT' ? { direct: copy.bridge.physin } : {};
  if (copy.bridge) {
    answer.etherSource = skb.etherDestination;
    answer.etherDestination = skb.etherSource;
  }
  queueAnswer(run, copy, answer, { shown: kind, ...direct });
}

function messageOf(family: 4 | 6, kind: string): IcmpMessage {
  return family === 4 ? { type: 3, code: ICMP4[kind] ?? 3 } : { type: 1, code: ICMP6[kind] ?? 4 };
}

/** A copy that goes its own way, untracked, to another next hop. */
export function tee(run: Run, copy: Copy, gateway: Ip): void {
  const skb = cloneSkb(copy.skb);
  skb.conntrack = { state: 'UNTRACKED', direction: 'original' };
  skb.local = true;
  if (skb.family === 4 && !copy.skb.local) {
    const { ttl } = headerOf(skb);
    if (ttl > 1) setTtl(skb, ttl - 1);
  }
  addStep(run, copy, { kind: 'emit', packet: headerOf(skb), text: `TEE copy to ${gateway}` });
  run.answers.push({ namespace: copy.net.name, skb, always: true, gateway });
}
