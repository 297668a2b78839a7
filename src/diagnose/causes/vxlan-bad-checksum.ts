import { VXLAN_PORTS } from '../../header/vxlan.ts';
import { formatIp } from '../../net/ip.ts';
import { PROTOCOL } from '../../net/protocol.ts';
import { transportChecksum } from '../../skb/checksum.ts';
import { netnsOf } from '../case.ts';
import { counterEvidence, describeSighting, seenAt } from '../evidence.ts';
import { modelCause } from '../model-cause.ts';
import { nameOf } from '../words.ts';

/** udp_lib_checksum_complete() in udp_queue_rcv_one_skb(), before encap_rcv: vxlan_rcv() never sees the packet. */
export const vxlanBadChecksum = modelCause({
  id: 'vxlan-bad-checksum',
  from: ['ct-bad-checksum', 'martian-drop'],
  title: 'The overlay’s outer packets arrive with a wrong UDP checksum',
  severity: 'error',
  page: () => ({
    symptom:
      'Connections from a node to services on other nodes take 1, 3 or 63 seconds or time out; pods to pods are fine.',
    mechanism:
      'A VXLAN packet is UDP, and its receiver checks the checksum where there is one. Where the sender’s device or an old kernel (before 5.7, with NAT on top of VXLAN) completes it wrongly, the receiver drops the outer packet, and with it the frame inside, without a word.',
    check:
      'nstat -az UdpInCsumErrors at the receiver; tcpdump -vv on the receiver’s uplink ("bad udp cksum")',
    proof:
      'On the receiving node’s interface outer packets have a checksum that is neither right nor zero nor the pseudo-header’s sum; UdpInCsumErrors grows, and the frame is not seen on the VXLAN device.',
    refutation:
      'The capture is the sender’s own: its device may complete the checksum. A checksum of zero is valid. Or the frame is on the VXLAN device.',
    settledBy: [
      'nstat -az UdpInCsumErrors (receiver)',
      'ethtool -k DEVICE (sender)',
      'a capture on the receiver’s uplink',
    ],
    repair:
      'At the sender: ethtool -K VXLAN tx-checksum-ip-generic off, or a newer kernel or driver; VXLAN without outer checksums (udpcsum off) where the underlay is trusted.',
    references: [
      'net/ipv4/udp.c: udp_queue_rcv_one_skb(), drop reason UDP_CSUM',
      'RFC 7348, section 5',
      'flannel-io/flannel#1279',
      'kubernetes/kubernetes#90084',
      'projectcalico/calico#3145',
    ],
  }),
  tell(kase, drop) {
    const { flow } = kase;
    if (flow.protocol !== PROTOCOL.udp) return undefined;
    const devices = (netnsOf(kase, drop.namespace)?.links ?? []).filter(({ kind }) => kind === 'vxlan');
    const device = devices.find(({ kindData }) => Number(kindData?.port) === flow.server.port);
    if (!device && !VXLAN_PORTS.includes(flow.server.port)) return undefined;
    const leg = flow.legs.find(({ forward, point }) => {
      const place = kase.correlation.points[point];
      return forward.skb && place?.namespace === drop.namespace && transportChecksum(forward.skb) === 'wrong';
    });
    const seen = leg?.forward.kept[0];
    if (!leg || !seen) return undefined;
    const where = nameOf(kase, drop.namespace);
    const from = formatIp(flow.client.address);
    return {
      title: `${where} drops the VXLAN packets of ${from}: their UDP checksum is wrong`,
      explanation:
        `VXLAN packets of ${from} arrive at ${where} with a wrong outer UDP checksum, so UDP drops them before ${device?.name ?? 'the VXLAN device'} sees the frames inside. ` +
        'It is wrong on the wire: the sender, or its network device, makes it so.',
      ...(device && { interface: device.name }),
      group: `${drop.namespace} ${from}`,
      status: 'dropped',
      evidence: [
        seenAt(kase, seen, `${describeSighting(seen)}: wrong UDP checksum, as received`),
        ...counterEvidence(kase, drop.namespace, 'UdpInCsumErrors', 'wrong checksums on delivery'),
        ...(device
          ? [
              {
                path: device.span.path,
                line: device.span.line,
                text: `${device.name}: vxlan, UDP port ${flow.server.port}`,
              },
            ]
          : []),
      ],
      fix: [],
      effect: `On ${from}: ethtool -K ${device?.name ?? 'VXLAN'} tx-checksum-ip-generic off (the VXLAN device there), or a kernel from 5.7 on.`,
    };
  },
});
