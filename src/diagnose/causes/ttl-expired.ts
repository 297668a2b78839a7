import { modelCause } from '../model-cause.ts';
import { capital, nameOf } from '../words.ts';

/** ip_forward(), net/ipv4/ip_forward.c: SKB_DROP_REASON_IP_INHDR, ICMP time exceeded */
export const ttlExpired = modelCause({
  id: 'ttl-expired',
  title: 'The TTL ran out',
  severity: 'error',
  page: () => ({
    symptom: '"Time to live exceeded", or silence where that ICMP is filtered.',
    mechanism:
      'Every router lowers the TTL by one; a packet that would go on with 0 is dropped, and ICMP 11/0 tells its sender. A routing loop between two routers ends this way.',
    check: 'traceroute; the same packet again and again in one capture with falling TTL',
    proof:
      'The packet comes in with TTL 1 and does not leave, IpInHdrErrors (Ip6InHdrErrors) grows, and ICMP 11/0 (ICMPv6 3/0) quotes it.',
    refutation:
      'A TTL above 1 at that router, or the packet is for the router itself: what is delivered is not asked for its TTL.',
    settledBy: [
      'tcpdump -v (TTL)',
      'nstat -az IpInHdrErrors',
      'traceroute -n ADDRESS',
      'iptables-save -t mangle -c (TTL rules)',
    ],
    repair:
      'Correct the routes if it goes in circles, else let the sender begin with a larger TTL. traceroute does this on purpose.',
    references: [
      'net/ipv4/ip_forward.c: ip_forward(), IpInHdrErrors',
      'net/ipv6/ip6_output.c: ip6_forward()',
      'RFC 792: type 11',
      'RFC 1812, section 5.3.1',
    ],
  }),
  tell(kase, drop) {
    const where = nameOf(kase, drop.namespace);
    const [origin] = drop.trace.hops;
    // At the first router behind its sender it can't have been in circles yet; seen so, it is no TTL rule of this router.
    const seen = kase.flow.legs.some((leg) => leg[drop.direction].kept[0]?.ttl === 1);
    const sender =
      seen && origin && origin.in === undefined && drop.trace.hops.length === 2
        ? nameOf(kase, origin.namespace)
        : undefined;
    return {
      title: `the packet’s TTL ends at ${where}`,
      explanation:
        `The packet has to be forwarded by ${where} with a TTL of 1, so the kernel drops it between PREROUTING and ` +
        `FORWARD and sends "time exceeded" to its source. ${
          sender
            ? `${capital(where)} is the first router behind ${sender}, so that is what it was sent with.`
            : 'Either the sender chose so small a TTL, or the packet has been going in circles.'
        }`,
      status: 'rejected',
      effect: sender
        ? `Let ${sender} send with a larger TTL: the program’s own (IP_TTL, IPV6_UNICAST_HOPS), a TTL rule of the mangle table, or net.ipv4.ip_default_ttl (64 by default; net.ipv6.conf.IFACE.hop_limit for IPv6).`
        : 'Correct the routes if it goes in circles, else let the sender begin with a larger TTL.',
    };
  },
});
