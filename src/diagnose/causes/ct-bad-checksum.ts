import type { Sighting } from '../../correlate/flow.ts';
import { PROTOCOL, protocolName } from '../../net/protocol.ts';
import { transportChecksum } from '../../skb/checksum.ts';
import { type Case, modelDrop, sysctlOf } from '../case.ts';
import type { Cause } from '../cause.ts';
import { counterEvidence, describeSighting, seenAt, sysctlEvidence } from '../evidence.ts';
import { capital, nameOf } from '../words.ts';

const SETTING = 'net.netfilter.nf_conntrack_checksum';

export const ctBadChecksum: Cause = {
  id: 'ct-bad-checksum',
  title: 'The checksum is wrong, so conntrack wants nothing to do with the packet',
  severity: 'error',
  page: () => ({
    symptom:
      'Some packets leave with their private source, or a receiver ignores what clearly arrives; others of the same kind are fine.',
    mechanism:
      'Conntrack checks the checksums of what comes in (nf_conntrack_checksum = 1). A packet with a wrong one is INVALID: no connection, so no translation. Where it is delivered, TCP or UDP checks again and drops it silently.',
    check:
      'tcpdump -vv on the receiving side ("bad udp cksum"); nstat -az UdpInCsumErrors TcpInCsumErrors; conntrack -S (invalid)',
    proof:
      'The checksum in the captured packet is neither right nor the sum of the pseudo-header alone, which a device would complete; the packet goes on untranslated, or is delivered and never answered.',
    refutation:
      'A checksum that is the pseudo-header’s sum: the sender’s device was to complete it (offload), and nothing is wrong. Packets that the capture cut short can’t be judged.',
    settledBy: ['nstat -az', 'conntrack -S', 'ethtool -k DEVICE (at the sender)'],
    repair:
      'Repair it where it is made: the driver or device that completes checksums wrongly (ethtool -K DEVICE tx-checksum-ip-generic off), or the program that writes raw packets.',
    references: [
      'net/netfilter/nf_conntrack_proto_udp.c: nf_conntrack_udp_packet(), udp_error()',
      'net/netfilter/utils.c: nf_checksum()',
      'RFC 768',
      'RFC 9293, section 3.1',
      'flannel-io/flannel#1279',
    ],
  }),
  find(kase) {
    const { flow, outcome, prediction, hypothetical } = kase;
    if (hypothetical || outcome.status === 'delivered' || !prediction) return undefined;
    const bad = damagedAt(kase);
    if (!bad) return undefined;
    const drop = modelDrop(kase);
    const dropped = drop?.direction === 'forward' && drop.cause === 'ct-bad-checksum';
    const hop = prediction.there.hops.find(({ steps }) =>
      steps.some((step) => step.kind === 'conntrack' && step.state === 'INVALID'),
    );
    const namespace = dropped ? drop.namespace : hop?.namespace;
    // Something else is done with INVALID packets on the way: that has its own name.
    if (namespace === undefined || (drop && !dropped)) return undefined;
    const where = nameOf(kase, namespace);
    const name = protocolName(flow.protocol).toUpperCase();
    const leaves = flow.legs.findLast(({ forward }) => forward.packets > 0)?.forward.kept[0];
    return {
      confidence: 0.95,
      title: dropped
        ? `${where} drops the packets: their ${name} checksum is wrong`
        : `${where} does not translate the packets: their ${name} checksum is wrong`,
      explanation:
        `The ${name} checksum of the captured packet is wrong, and not in the way of a checksum that a device has still to complete. ` +
        (dropped
          ? `${capital(where)}’s ${name} drops such packets without a word.`
          : `To conntrack in ${where} such a packet is INVALID: it belongs to no connection, so no NAT rule is asked, and it goes on with its own source.`),
      namespace,
      group: `${namespace} ${bad.point}`,
      status: dropped ? 'dropped' : 'no-reply',
      evidence: [
        seenAt(kase, bad, `${describeSighting(bad)}: wrong ${name} checksum`),
        ...(leaves && leaves !== bad
          ? [
              seenAt(
                kase,
                leaves,
                `${describeSighting(leaves)}: further on, ${dropped ? 'still wrong' : 'not translated'}`,
              ),
            ]
          : []),
        ...(sysctlOf(kase, namespace, SETTING) ? sysctlEvidence(kase, namespace, SETTING) : []),
        ...counterEvidence(kase, namespace, 'conntrack invalid', 'packets that conntrack made nothing of'),
        ...counterEvidence(
          kase,
          namespace,
          flow.protocol === PROTOCOL.tcp ? 'TcpInCsumErrors' : 'UdpInCsumErrors',
          'wrong checksums on delivery',
        ),
      ],
      fix: [],
      effect:
        'Repair the sender: a device or driver that completes checksums wrongly (ethtool -K DEVICE tx-checksum-ip-generic off), or a program that writes packets itself.',
    };
  },
};

/** The first packet of the flow, where a point saw it whole and its checksum is wrong. */
function damagedAt({ flow }: Case): Sighting | undefined {
  const legs = flow.legs.filter(({ forward }) => forward.packets > 0 && forward.skb);
  const states = legs.map(({ forward }) => forward.skb && transportChecksum(forward.skb));
  // A point that saw it right shows that it was whole there.
  if (states.some((state) => state === 'right' || state === 'partial')) return undefined;
  return legs[states.indexOf('wrong')]?.forward.kept[0];
}
