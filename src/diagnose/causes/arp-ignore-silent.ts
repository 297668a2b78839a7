import { ownersOf } from '../../correlate/owner.ts';
import { parseIp } from '../../net/ip.ts';
import { type Case, type ModelDrop, netnsOf, sysctlOf } from '../case.ts';
import { sysctlEvidence } from '../evidence.ts';
import { gapCause } from '../gap-cause.ts';
import { nameOf } from '../words.ts';

/** arp_ignore(), net/ipv4/arp.c */
export const arpIgnoreSilent = gapCause({
  id: 'arp-ignore-silent',
  title: 'ARP for a local address is ignored on purpose',
  severity: 'error',
  page: () => ({
    symptom: 'The address is there, and nobody answers ARP for it.',
    mechanism:
      'With arp_ignore 1 a host answers ARP only for addresses of the interface the request comes in by, with 2 of those only to askers of the same subnet, with 3 for all addresses but those of scope host, with 8 never; 4 to 7 mean 0. The larger of conf.all and the interface’s own value counts. Load balancers (LVS, keepalived) set it.',
    check: 'sysctl -a | grep arp_ignore; ip addr (which interface has the address)',
    proof:
      'The who-has is seen on an interface of the host that has the address on another one, and is not answered; arp_ignore of conf.all or of that interface is 1, 2, 3 or 8.',
    refutation: 'An ARP reply of that host for the address; arp_ignore 0 in conf.all and on the interface.',
    settledBy: ["sysctl -a -r 'arp_ignore'", 'ip addr show'],
    repair:
      'Set arp_ignore to 0 where it is set, or put the address on the interface that is asked. On real servers of a load balancer the silence is meant: then let the balancer answer.',
    references: ['net/ipv4/arp.c: arp_ignore()', 'Documentation/networking/ip-sysctl.rst: arp_ignore'],
  }),
  tell(kase, drop) {
    const place = whereIgnored(kase, drop);
    if (!place) return undefined;
    const { namespace, device, holder, address } = place;
    const where = nameOf(kase, namespace);
    const setting = ['all', device].find(
      (name) => Number(sysctlOf(kase, namespace, `net.ipv4.conf.${name}.arp_ignore`)?.value ?? 0) > 0,
    );
    if (setting === undefined) return undefined;
    const sysctl = `net.ipv4.conf.${setting}.arp_ignore`;
    const value = sysctlOf(kase, namespace, sysctl)?.value;
    return {
      title: `${where} has ${address} on ${holder} and does not answer ARP for it on ${device}: ${sysctl} is ${value}`,
      explanation:
        `${address} belongs to ${where}, on ${holder}. Who asks for its MAC address on ${device} gets no answer, since arp_ignore ${value} lets the host ` +
        `answer ${ANSWERS[Number(value)]?.(device) ?? 'for no address'}. The sender gives up with "No route to host"; not one packet is sent.`,
      namespace,
      interface: device,
      sysctl,
      evidence: sysctlEvidence(kase, namespace, sysctl),
      fix: [{ namespace, text: `sysctl -w ${sysctl}=0` }],
      effect:
        'If the silence is meant (a real server behind a load balancer), ask the balancer’s address instead.',
    };
  },
});

/** arp_ignore(): for which addresses the values still answer; the others, 8 among them, for none. */
const ANSWERS: Readonly<Record<number, (device: string) => string>> = {
  1: (device) => `only for addresses of ${device} itself`,
  2: (device) => `only for addresses of ${device} itself, and to its subnet only`,
  3: () => 'only for addresses whose scope is not host',
};

/** The owner of the address, and the interface of it that the sender's link leads to. */
function whereIgnored(
  kase: Case,
  drop: ModelDrop,
): { namespace: string; device: string; holder: string; address: string } | undefined {
  const address = drop.trace.hops.at(-1)?.nexthop ?? drop.trace.final.destination;
  const ip = parseIp(address);
  const [owner] =
    ip === undefined ? [] : ownersOf(kase.snapshot, ip).filter(({ netns }) => netns.name !== drop.namespace);
  if (!owner) return undefined;
  const { netns, link } = owner;
  const asked = (netns.links ?? []).find((candidate) =>
    kase.topology
      .peersOf({ namespace: netns.name, name: candidate.name })
      .some((peer) => peer.namespace === drop.namespace || isBridgePort(kase, peer)),
  );
  const device = asked?.master ?? asked?.name;
  return device === undefined ? undefined : { namespace: netns.name, device, holder: link.name, address };
}

function isBridgePort(kase: Case, { namespace, name }: { namespace: string; name: string }): boolean {
  return netnsOf(kase, namespace)?.links?.find((link) => link.name === name)?.master !== undefined;
}
