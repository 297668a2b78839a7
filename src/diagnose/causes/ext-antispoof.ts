import { formatIp } from '../../net/ip.ts';
import type { Cause } from '../cause.ts';
import { describeSighting, seenAt } from '../evidence.ts';
import { foreignSource } from '../source-check.ts';
import { nameOf } from '../words.ts';

export const extAntispoof: Cause = {
  id: 'ext-antispoof',
  title: 'The network beyond the host takes only the host’s own addresses',
  severity: 'error',
  page: () => ({
    symptom:
      'Nodes reach everything, their pods, containers or guests reach nothing on other nodes; translated traffic works, routed traffic is lost without a word.',
    mechanism:
      'Clouds and hypervisors check the source of what a machine sends: the source/destination check of AWS, port security of Neutron, forged transmits of ESXi, reverse path filters of a provider. A packet with a source (or MAC) that isn’t the machine’s is dropped on its first hop, and no ICMP tells.',
    check:
      'tcpdump on the uplink and at the receiver: the packet leaves with a source that is not on the host, and never arrives; the same from the host itself (ping -I ADDRESS) does. Then the setting: aws ec2 describe-instance-attribute --attribute sourceDestCheck; openstack port show (port_security_enabled, allowed_address_pairs)',
    proof:
      'A packet with a source that is none of the host’s addresses leaves the uplink correctly and is not in a capture at the receiver; a packet of the host’s own, to the same receiver by the same interface, is there and is answered.',
    refutation:
      'It is seen at the receiver: then that has no way back (route-missing-return). A foreign source that was answered on this interface. Towards the internet a private source is never answered, whoever drops it (nat-masquerade-missing).',
    settledBy: [
      'tcpdump at the receiver',
      'the cloud’s setting: source/destination check, allowed address pairs, port security',
      'ip route get SOURCE (at the receiver)',
    ],
    repair:
      'Switch the check off for this machine or allow the addresses behind it; else send nothing but the host’s own: masquerade, or encapsulate (VXLAN, IP-in-IP).',
    references: [
      'RFC 2827',
      'RFC 3704',
      'cloudnativelabs/kube-router#854',
      'cloudnativelabs/kube-router#63',
      'cilium/cilium#14243',
      'moby/moby#21735',
    ],
  }),
  find(kase) {
    const foreign = foreignSource(kase);
    if (!foreign) return undefined;
    const { namespace, left, own, answer, alike, absent } = foreign;
    const where = nameOf(kase, namespace);
    const source = formatIp(left.source);
    const certain = absent.length > 0;
    return {
      // Without a look at the receiver, its missing way back explains it as well.
      confidence: certain ? (alike ? 0.88 : 0.75) : 0.55,
      title: `what ${where} sends from ${source} is lost beyond ${foreign.interface}, what it sends from its own address arrives`,
      explanation:
        `The packet leaves ${foreign.interface} correctly, with the source ${source}, which ${where} routes and doesn’t have itself. ` +
        `From ${formatIp(own.source)}, ${where}’s own address, ${alike ? 'the same port' : 'the same machine'} is reached by the same way. ` +
        (certain
          ? 'At the receiver the one arrives and the other does not, so something between takes offence at the source: a source check of the cloud or hypervisor, or a firewall’s rule by source; from here the two can’t be told apart.'
          : 'So either something between drops foreign sources (a source check of the cloud or hypervisor), or the receiver has no way back to them; a capture there would tell.'),
      namespace,
      interface: foreign.interface,
      group: `${namespace} ${foreign.interface}`,
      status: 'no-reply',
      evidence: [
        seenAt(kase, left, `${describeSighting(left)} leaves ${foreign.interface}`),
        seenAt(kase, own, `${describeSighting(own)}: ${where}’s own, by the same interface`),
        seenAt(kase, answer, `${describeSighting(answer)}: and the answer to it`),
        ...absent,
      ],
      fix: [],
      effect:
        `Switch off the source/destination check of this machine (aws ec2 modify-instance-attribute --no-source-dest-check), or allow the network of ${source} behind it (openstack port set --allowed-address ip-address=NETWORK); on ESXi allow forged transmits and promiscuous mode. ` +
        'Where that can’t be had, masquerade what leaves for other nodes, or let the nodes encapsulate it (VXLAN, IP-in-IP).',
    };
  },
};
