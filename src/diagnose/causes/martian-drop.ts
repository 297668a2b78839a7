import { modelCause } from '../model-cause.ts';
import { inInterface, nameOf } from '../words.ts';

/** ip_handle_martian_source(), fib_validate_source(): IP_LOCAL_SOURCE, IP_INVALID_SOURCE, IP_LOCALNET */
export const martianDrop = modelCause({
  id: 'martian-drop',
  title: 'An address that may not be on the wire',
  severity: 'error',
  page: () => ({
    symptom: 'The request is seen arriving and is ignored, without any answer.',
    mechanism:
      'Packets from 127/8, from one of the receiver’s own addresses, from 0.0.0.0, 255.255.255.255 or a multicast address, and packets to 127/8 that come from outside are dropped in the routing decision, whatever rp_filter and iptables say.',
    check: 'sysctl -w net.ipv4.conf.all.log_martians=1 and look at the kernel log',
    proof:
      'The packet is captured on the way in with such an address, and neither answer nor ICMP follows; the kernel log has "martian source" or "martian destination". No SNMP counter grows.',
    refutation:
      'An answer to that packet, a counter of INPUT or FORWARD that grows with it, or route_localnet or accept_local of that interface being 1 where they apply.',
    settledBy: [
      'ip addr show (the source among the receiver’s own?)',
      'sysctl -a (route_localnet, accept_local, log_martians)',
      'dmesg',
    ],
    repair:
      'Find the translation that is missing or only half done: masquerade what returns to its sender or comes from 127/8. Letting such packets in is the last resort.',
    references: [
      'net/ipv4/route.c: ip_route_input_slow(), ip_handle_martian_source()',
      'net/ipv4/fib_frontend.c: fib_validate_source()',
      'drop reasons IP_LOCAL_SOURCE, IP_INVALID_SOURCE, IP_LOCALNET',
      'RFC 1812, section 5.3.7',
      'kubernetes/kubernetes#57922',
      'cloudnativelabs/kube-router#511',
    ],
  }),
  tell(kase, drop) {
    const { source, destination } = drop.trace.final;
    const device = inInterface(drop.trace);
    if (drop.trace.reason === 'IP_CSUM') {
      return {
        title: `${nameOf(kase, drop.namespace)} drops what comes in on ${device}: the IPv4 header’s checksum is wrong`,
        explanation:
          'ip_rcv_core() checks the sum over the IPv4 header before any hook, and drops the packet without a word when it is wrong. No ' +
          'device leaves this sum to another one, so whoever wrote the header got it wrong: a program with raw sockets, or a ' +
          'device that rewrites addresses. IpExtInCsumErrors counts it.',
        group: 'header checksum',
      };
    }
    return {
      title: `${nameOf(kase, drop.namespace)} takes ${source} > ${destination} on ${device} for a martian`,
      explanation:
        `The packet arrives on ${device} with addresses that must not come from there: ${source} > ${destination}. A loopback address, or ` +
        'one of the receiver’s own as source, can only be forged or the result of a translation that was not completed. The ' +
        'kernel drops it in the routing decision without a word, and no rule can accept it.',
    };
  },
});
