import type { Case } from '../case.ts';
import type { Cause, Found } from '../cause.ts';
import { counterEvidence, describeSighting, seenAt } from '../evidence.ts';
import { modelCause } from '../model-cause.ts';
import { type TooLong, tooLong } from '../stall.ts';
import { iptablesOf, nameOf, outInterface } from '../words.ts';

const page = modelCause({
  id: 'mtu-pmtu-blackhole',
  title: 'The path’s MTU is smaller, and nobody hears of it',
  severity: 'error',
  page: () => ({
    symptom: 'Small answers work, TLS handshakes and downloads hang.',
    mechanism:
      'A packet with "don’t fragment" that is larger than the next link’s MTU is dropped, and ICMP 3/4 tells its sender to send smaller ones. Where that ICMP is filtered the sender repeats the large packet for ever.',
    check: 'ip link (mtu on the way); iptables rules against ICMP',
    proof:
      'Handshake and short segments pass; full segments with "don’t fragment" come to the router again and again and never leave by the narrower interface; no ICMP 3/4 reaches the sender, or none is sent; IpFragFails grows.',
    refutation:
      'A segment of that length on the outgoing interface; or shorter segments after an ICMP 3/4: then path MTU discovery works.',
    settledBy: [
      'ip link show (every router on the way)',
      'iptables-save -c (rules against ICMP)',
      'nstat -az IpFragFails',
    ],
    repair:
      'Let ICMP type 3 code 4 (ICMPv6 type 2) through, clamp the MSS to the path (TCPMSS --clamp-mss-to-pmtu), or give bridge and containers the smaller MTU.',
    references: [
      'net/ipv4/ip_forward.c: ip_forward(), drop reason PKT_TOO_BIG',
      'RFC 1191, RFC 8201, RFC 2923, RFC 4821',
      'iptables-extensions(8): TCPMSS',
      'moby/moby#13475',
      'docker/for-linux#594',
    ],
  }),
  tell(kase, drop) {
    const where = nameOf(kase, drop.namespace);
    return {
      title: `the packet is larger than the MTU of ${outInterface(drop.trace)} in ${where} and must not be fragmented`,
      explanation: `The packet has to leave by ${outInterface(drop.trace)}, whose MTU it exceeds, and it says "don’t fragment". The kernel drops it and sends ICMP "fragmentation needed"; if that does not arrive the connection hangs as soon as it sends much.`,
      fix: [
        {
          namespace: drop.namespace,
          text: 'iptables -t mangle -A FORWARD -p tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu',
        },
      ],
    };
  },
});

/** Also where a connection stalls with segments that are too long for a link on their way. */
export const mtuPmtuBlackhole: Cause = {
  ...page,
  find: (kase) => page.find?.(kase) ?? stalledBy(kase),
};

function stalledBy(kase: Case): Found | undefined {
  const { stalled } = kase.outcome;
  const found = tooLong(kase);
  if (!stalled || !found) return undefined;
  const { namespace, out, length } = found;
  if (found.wrapped) return tooWide(kase, stalled, found, found.wrapped);
  const where = nameOf(kase, namespace);
  // A SYN of either direction tells its receiver how long its segments may be; the kernel looks at the routes both ways.
  const filter = '-t mangle -A FORWARD -p tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu';
  return {
    confidence: 0.9,
    title: `segments of ${length} bytes don’t fit ${out.name} of ${where} (MTU ${out.mtu}), and the sender is not told`,
    explanation:
      `The handshake and small packets pass. A segment of ${length} bytes is sent ${stalled.repeats} times and never acknowledged: it has to leave ${where} by ${out.name}, whose MTU is ${out.mtu}, ` +
      'and it must not be fragmented. The kernel drops it and sends ICMP "fragmentation needed" (3/4); that does not arrive, or is ignored, so the sender never learns to send less.',
    namespace,
    interface: out.name,
    status: 'degraded',
    evidence: [
      seenAt(
        kase,
        stalled.segment,
        `${describeSighting(stalled.segment)}, ${stalled.segment.length} bytes, sent ${stalled.repeats} times, never acknowledged`,
      ),
      { path: out.span.path, line: out.span.line, text: `${out.name} mtu ${out.mtu}` },
      ...counterEvidence(kase, namespace, 'IpFragFails', 'packets that had to be fragmented and must not be'),
    ],
    fix: [{ namespace, text: `${iptablesOf(kase)} ${filter}` }],
    effect: 'Or let ICMP type 3 code 4 through, or give the bridge and the containers the smaller MTU.',
  };
}

/** vxlan_xmit_one() tells only the route of the packet inside, which forwarding doesn't ask; the outer packet dies in ip_fragment(). */
function tooWide(
  kase: Case,
  stalled: NonNullable<Case['outcome']['stalled']>,
  { namespace, out, length }: TooLong,
  { headroom, by, mtu }: NonNullable<TooLong['wrapped']>,
): Found {
  const where = nameOf(kase, namespace);
  return {
    confidence: 0.9,
    title: `segments of ${length} bytes and the ${headroom} bytes that ${out.name} of ${where} puts before them don’t fit ${by.name} (MTU ${mtu}), and the sender is not told`,
    explanation:
      `The handshake and small packets pass. A segment of ${length} bytes is sent ${stalled.repeats} times and never acknowledged: ${out.name}, whose MTU is ${out.mtu}, wraps it in ${headroom} more bytes of headers, ` +
      `and ${length + headroom} bytes don’t fit ${by.name}. ${out.name} sends with "don’t fragment", so ${where} drops the outer packet; of forwarded packets the sender is not told.`,
    namespace,
    interface: out.name,
    status: 'degraded',
    evidence: [
      seenAt(
        kase,
        stalled.segment,
        `${describeSighting(stalled.segment)}, ${stalled.segment.length} bytes, sent ${stalled.repeats} times, never acknowledged`,
      ),
      {
        path: out.span.path,
        line: out.span.line,
        text: `${out.name} mtu ${out.mtu}, df ${out.kindData?.df}`,
      },
      { path: by.span.path, line: by.span.line, text: `${by.name} mtu ${mtu}` },
    ],
    fix: [{ namespace, text: `ip link set dev ${out.name} mtu ${mtu - headroom}` }],
    effect:
      'The same on every node: answers come the other way. Then senders are told (ICMP 3/4) how long their packets may be.',
  };
}
