import { ownersOf } from '../../correlate/owner.ts';
import { formatIp, parseIp } from '../../net/ip.ts';
import { netnsOf } from '../case.ts';
import { dropConfidence } from '../confidence.ts';
import { counterEvidence, sysctlEvidence } from '../evidence.ts';
import { modelCause } from '../model-cause.ts';
import { routesKnown } from '../neighbourhood.ts';
import { inInterface, nameOf } from '../words.ts';

/** fib_validate_source(), net/ipv4/fib_frontend.c: SKB_DROP_REASON_IP_RPFILTER */
export const rpfStrictDrop = modelCause({
  id: 'rpf-strict-drop',
  title: 'Reverse path filtering drops it',
  severity: 'error',
  symptom:
    'Requests are seen arriving, the service is silent; typical with two networks, VPNs or several uplinks.',
  mechanism:
    'With rp_filter = 1 a packet is accepted only on the interface by which its source would be answered; with 2, only if its source has a route at all. The larger of conf.all and conf.IFACE counts.',
  check: 'sysctl -a | grep rp_filter; ip route get SOURCE; nstat -az TcpExtIPReversePathFilter',
  proof:
    'The packet is on its incoming interface and nowhere after, the route back to its source leaves by another one, and TcpExtIPReversePathFilter grows. In strict mode even ARP from such a source stays unanswered.',
  refutation:
    'The route back leaves by the incoming interface, both settings are 0, or INPUT or FORWARD counts the packet. An -m rpfilter rule drops without this counter.',
  settledBy: [
    'sysctl net.ipv4.conf.all.rp_filter net.ipv4.conf.IFACE.rp_filter',
    'ip route get SOURCE',
    'nstat -az TcpExtIPReversePathFilter',
    'dmesg (martian source, with log_martians)',
    'iptables-save -t raw -c (-m rpfilter)',
  ],
  repair:
    'Route the source by the interface it comes in on, or set rp_filter of that interface to 2: the larger value of all and interface counts, so 2 wins over a 1.',
  references: [
    'net/ipv4/fib_frontend.c: fib_validate_source(), drop reason IP_RPFILTER',
    'TcpExtIPReversePathFilter',
    'RFC 3704',
    'containers/netavark#962',
    'cloudnativelabs/kube-router#511',
    'systemd/systemd#28391',
  ],
  tell(kase, drop) {
    // The question by ARP was refused already: then it is the next hop that filters.
    const asked = parseIp(drop.trace.hops.at(-1)?.nexthop ?? '');
    const owner = asked === undefined ? undefined : ownersOf(kase.snapshot, asked)[0];
    const refuses = inInterface(drop.trace) === undefined ? owner : undefined;
    const namespace = refuses?.netns.name ?? drop.namespace;
    const device = refuses?.link.name ?? inInterface(drop.trace);
    if (device === undefined) return undefined;
    const source = drop.trace.final.source;
    const names = ['all', device].map((name) => `net.ipv4.conf.${name}.rp_filter`);
    const where = nameOf(kase, namespace);
    const client = formatIp(kase.flow.client.address);
    const known = routesKnown(netnsOf(kase, namespace), kase.flow.family);
    return {
      ...(!known && { confidence: Math.min(dropConfidence(kase, drop), 0.5) }),
      title: `${where} drops packets from ${source} on ${device}: the way back to ${source} is another interface (rp_filter)`,
      explanation:
        `The packet arrives on ${device}, but the route back to its source ${source} does not leave by ${device}. ` +
        `Strict reverse path filtering (the larger of conf.all.rp_filter and conf.${device}.rp_filter is 1) takes that for a ` +
        'forged source and drops it after PREROUTING; INPUT and FORWARD never see it and nobody is told.',
      namespace,
      interface: device,
      sysctl: drop.trace.sysctl ?? (names[1] as string),
      evidence: [
        ...names.flatMap((name) => sysctlEvidence(kase, namespace, name)),
        ...counterEvidence(kase, namespace, 'TcpExtIPReversePathFilter', 'packets dropped by rp_filter'),
      ],
      fix: [{ namespace, text: `sysctl -w net.ipv4.conf.${device}.rp_filter=2` }],
      effect: `Loose filtering keeps the check that ${client} is routable at all; better still, route ${source} by ${device}.`,
    };
  },
});
