/** reject_tg(), net/ipv4/netfilter/ipt_REJECT.c and net/ipv6/netfilter/ip6t_REJECT.c; nf_dup_ipv4(). */
import { viewOf } from '../base/bytes.ts';
import { Ipv4 } from '../header/ipv4.ts';
import { formatIp, type Ip } from '../net/ip.ts';
import { headerOf } from '../skb/fields.ts';
import { cloneSkb } from '../skb/from-packet.ts';
import { setTtl } from '../skb/rewrite.ts';
import type { Hook } from '../xtables/rule.ts';
import { attachConntrack, queueAnswer, queueIcmp } from './answer.ts';
import { type IcmpMessage, tcpReset } from './icmp.ts';
import { mayReject } from './reject-checksum.ts';
import { addStep, type Copy, type Run } from './run.ts';

/** Of the byte with the flags. */
const DONT_FRAGMENT = 0x40;

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
  answer.kernelSocket = 'none';
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

/** Where a copy goes. */
export interface CopyTarget {
  readonly gateway: Ip;
  /** Device it is to leave by; one that isn't there doesn't count. */
  readonly out?: string;
}

/** A copy that goes its own way, untracked, to another next hop. `arriving`: in PREROUTING or INPUT. */
export function tee(run: Run, copy: Copy, { gateway, out }: CopyTarget, arriving: boolean): void {
  const skb = cloneSkb(copy.skb);
  skb.conntrack = { state: 'UNTRACKED', direction: 'original' };
  skb.local = true;
  skb.kernelSocket = 'none';
  // Against loops: nf_dup_ipv4() and nf_dup_ipv6() count a hop where the packet has just come in.
  if (arriving) setTtl(skb, (headerOf(skb).ttl + 255) % 256);
  if (skb.family === 4) {
    const view = viewOf(skb.bytes);
    view.setUint8(6, view.getUint8(6) | DONT_FRAGMENT);
    new Ipv4(view, 0).sealChecksum();
  }
  addStep(run, copy, { kind: 'emit', packet: headerOf(skb), text: `TEE copy to ${formatIp(gateway)}` });
  run.answers.push({
    namespace: copy.net.name,
    skb,
    always: true,
    gateway,
    ...(out !== undefined && copy.net.devices.has(out) ? { out } : {}),
  });
}
