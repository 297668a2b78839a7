import { neighboursOf, ownersOf } from '../../correlate/owner.ts';
import { familyOf, formatIp, parseIp } from '../../net/ip.ts';
import { formatPrefix, networkOf } from '../../net/prefix.ts';
import { type Case, type ModelDrop, netnsOf } from '../case.ts';
import { dropConfidence } from '../confidence.ts';
import { counterEvidence, sysctlEvidence } from '../evidence.ts';
import { modelCause, type Told } from '../model-cause.ts';
import { onSubnetOf, routesKnown } from '../neighbourhood.ts';
import { acceptBefore, rulePlace, ruleText } from '../rule-cause.ts';
import { capital, inInterface, nameOf } from '../words.ts';

/** fib_validate_source(), net/ipv4/fib_frontend.c: SKB_DROP_REASON_IP_RPFILTER */
export const rpfStrictDrop = modelCause({
  id: 'rpf-strict-drop',
  title: 'Reverse path filtering drops it',
  severity: 'error',
  page: () => ({
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
  }),
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
    if (drop.trace.rule) return byRule(kase, drop, device);
    const loose = isLoose(kase, namespace, names);
    const back = loose ? wayBackTo(kase, namespace, device, source) : undefined;
    return {
      ...(!known && { confidence: Math.min(dropConfidence(kase, drop), 0.5) }),
      title: loose
        ? `${where} drops packets from ${source} on ${device}: it has no way back to ${source} at all (rp_filter)`
        : `${where} drops packets from ${source} on ${device}: the way back to ${source} is another interface (rp_filter)`,
      explanation:
        (loose
          ? `The packet arrives on ${device}, and no route of ${where} leads back to its source ${source}. Loose reverse path filtering (the larger of conf.all.rp_filter and conf.${device}.rp_filter is 2) asks for just that: some route. ` +
            'Without one it drops the packet '
          : `The packet arrives on ${device}, but the route back to its source ${source} does not leave by ${device}. ` +
            `Strict reverse path filtering (the larger of conf.all.rp_filter and conf.${device}.rp_filter is 1) takes that for a ` +
            'forged source and drops it ') +
        'after PREROUTING; INPUT and FORWARD never see it and nobody is told.',
      namespace,
      interface: device,
      sysctl: drop.trace.sysctl ?? (names[1] as string),
      evidence: [
        ...names.flatMap((name) => sysctlEvidence(kase, namespace, name)),
        ...counterEvidence(kase, namespace, 'TcpExtIPReversePathFilter', 'packets dropped by rp_filter'),
      ],
      ...(loose
        ? {
            fix: back === undefined ? [] : [{ namespace, text: `ip route add ${back}` }],
            effect: `${capital(where)} needs a route to ${source}; without one no answer could get there either.`,
          }
        : {
            fix: [{ namespace, text: `sysctl -w net.ipv4.conf.${device}.rp_filter=2` }],
            effect: `Loose filtering keeps the check that ${client} is routable at all; better still, route ${source} by ${device}.`,
          }),
    };
  },
});

/** `-m rpfilter`, or nft’s `fib saddr . iif oif missing`: the check stands in a rule, and rp_filter has no part in it. */
function byRule(kase: Case, drop: ModelDrop, device: string): Told {
  const where = nameOf(kase, drop.namespace);
  const { source } = drop.trace.final;
  const place = rulePlace(drop);
  return {
    title: `${where} drops packets from ${source} on ${device}: the way back to ${source} is another interface (${place})`,
    explanation:
      `The packet arrives on ${device}, but no route leads back to its source ${source} by ${device}. ${capital(place)} ("${ruleText(drop)}") takes that for a forged source and drops it ` +
      'before the routing decision; INPUT and FORWARD never see it, and the counter of rp_filter doesn’t move.',
    interface: device,
    fix: acceptBefore(kase, drop),
    effect: `Better still, route ${source} by ${device}.`,
  };
}

function isLoose(kase: Case, namespace: string, names: readonly string[]): boolean {
  return names.some((name) => netnsOf(kase, namespace)?.sysctls?.get(name)?.value === '2');
}

/** `10.71.1.0/24 via 10.71.2.1`: the sender’s subnet, by the router that sent the packet in. */
function wayBackTo(kase: Case, namespace: string, device: string, source: string): string | undefined {
  const ip = parseIp(source);
  const link = netnsOf(kase, namespace)?.links?.find(({ name }) => name === device);
  const near = link?.addresses.find(({ address }) => familyOf(address) === kase.flow.family);
  if (ip === undefined || !near) return undefined;
  const peers = kase.topology.peersOf({ namespace, name: device });
  const router = onSubnetOf(kase, near.address, namespace).find((station) =>
    peers.some((peer) => peer.namespace === station.netns.name && peer.name === station.link.name),
  );
  if (!router) return undefined;
  const owner = neighboursOf(kase.snapshot, ip)[0];
  const subnet = networkOf(ip, owner?.length ?? 24);
  return `${formatPrefix(subnet)} via ${formatIp(router.address)}`;
}
