import type { Link } from '../../dump/records.ts';
import { isRoot } from '../../input/host.ts';
import { type Family, familyOf, type Ip } from '../../net/ip.ts';
import { contains, networkOf } from '../../net/prefix.ts';
import type { Netns } from '../../snapshot/snapshot.ts';
import { netnsOf, type Scene } from '../case.ts';
import type { Cause, Command, Found } from '../cause.ts';
import type { Evidence } from '../finding.ts';
import { nameOf, prefixText } from '../words.ts';

/** dev_change_net_namespace(), net/core/dev.c: the device is closed, and its addresses are flushed as on unregistering. */
export const ifaceMovedLostConfig: Cause = {
  id: 'iface-moved-lost-config',
  title: 'An interface lost its configuration when it was moved into its namespace',
  severity: 'error',
  page: () => ({
    symptom:
      'The interface is in the namespace, DOWN and without an address, though the script that made it had configured it.',
    mechanism:
      'Moving a device to another network namespace takes it down and removes its addresses and routes: they belong to the namespace it leaves. What was configured before the move is gone after it.',
    check: 'ip addr inside the namespace (state DOWN, no inet line)',
    proof:
      'In the namespace the interface is without UP and without any address, while the other end of its pair has an address and no carrier; somebody asks for an address of that subnet which nobody has.',
    refutation: 'The interface has an address, is a port of a bridge, or is UP.',
    settledBy: ['ip addr show (inside the namespace)'],
    repair:
      'Configure after the move: ip link set DEV netns NS first, then the address, then up, all inside the namespace.',
    references: ['net/core/dev.c: __dev_change_net_namespace()', 'ip-netns(8)', 'network_namespaces(7)'],
  }),
  survey: (scene) =>
    [...scene.snapshot.namespaces.values()].flatMap((netns) =>
      (netns.links ?? []).flatMap((link) => (isBare(netns, link) ? surveyed(scene, netns, link) : [])),
    ),
};

/** Down, without addresses, and nobody’s port: as a device is that has just come into its namespace. */
export function isBare(netns: Netns, link: Link): boolean {
  return (
    !isRoot(netns.name) &&
    !netns.addressesUnknown &&
    !link.inferred &&
    link.name !== 'lo' &&
    link.kind !== 'bridge' &&
    !link.flags.includes('UP') &&
    link.master === undefined &&
    link.addresses.length === 0 &&
    // The device that its namespace is connected by.
    !(netns.links ?? []).some((other) => other.name !== 'lo' && other !== link && other.addresses.length > 0)
  );
}

function surveyed(scene: Scene, netns: Netns, link: Link): Found[] {
  const peer = scene.topology.peerOf({ namespace: netns.name, name: link.name });
  const near = peer && netnsOf(scene, peer.namespace);
  const end = near?.links?.find(({ name }) => name === peer?.name);
  if (!peer || !near || !end?.flags.includes('UP')) return [];
  const holder = near.links?.find(({ name }) => name === (end.master ?? end.name));
  const subnet = holder?.addresses.find(({ scope }) => scope === 'global');
  if (!holder || !subnet) return [];
  const wanted = wantedAddress(scene, near, holder);
  const where = nameOf(scene, netns.name);
  const fix: Command[] = wanted
    ? [
        {
          namespace: netns.name,
          text: `ip addr add ${prefixText(wanted.address, subnet.length)} dev ${link.name}`,
        },
        { namespace: netns.name, text: `ip link set ${link.name} up` },
      ]
    : [];
  return [
    {
      confidence: wanted ? 0.88 : 0.7,
      title: `${link.name} of ${where} is down and has no address: what was configured before it was moved there is lost`,
      explanation:
        `${link.name} is in ${where} without an address and without UP, so ${holder.name} of ${nameOf(scene, near.name)}, the other side, reaches nobody. That is the state in which a device arrives in a namespace: ` +
        'a move takes it down and removes its addresses, whatever was set before. It may also never have been configured; the repair is the same.',
      namespace: netns.name,
      interface: link.name,
      status: 'no-reply',
      evidence: [
        {
          path: link.span.path,
          line: link.span.line,
          text: `${link.name}: <${link.flags.join(',')}>, no address`,
        },
        { path: end.span.path, line: end.span.line, text: `${end.name}: <${end.flags.join(',')}>` },
        ...(wanted ? wanted.evidence : []),
      ],
      fix,
      effect: wanted
        ? 'Routes, the default route among them, have to be made anew as well.'
        : `Give ${link.name} its address inside ${netns.name}, set it up, and make its routes anew.`,
      ...(wanted && { probe: { from: subnet.address, to: wanted.address } }),
    },
  ];
}

/** The address on that side which somebody looks for in vain. */
function wantedAddress(
  scene: Scene,
  near: Netns,
  holder: Link,
): { address: Ip; evidence: Evidence[] } | undefined {
  const owned = (address: Ip) =>
    [...scene.snapshot.namespaces.values()].some((netns) =>
      (netns.links ?? []).some((link) => link.addresses.some((entry) => entry.address === address)),
    );
  const onSubnet = (address: Ip) =>
    holder.addresses.some(
      (entry) =>
        familyOf(entry.address) === (familyOf(address) as Family) &&
        contains(networkOf(entry.address, entry.length), address),
    );
  const entry = near.neighbours?.find(
    ({ dev, address, states }) =>
      dev === holder.name &&
      states.some((state) => /FAILED|INCOMPLETE/.test(state)) &&
      onSubnet(address) &&
      !owned(address),
  );
  return (
    entry && {
      address: entry.address,
      evidence: [
        {
          path: entry.span.path,
          line: entry.span.line,
          text: `${holder.name} looks for a neighbour that nobody is: ${entry.states.join(',')}`,
        },
      ],
    }
  );
}
