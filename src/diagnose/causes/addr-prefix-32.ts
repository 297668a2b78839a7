import { formatIp } from '../../net/ip.ts';
import { netnsOf } from '../case.ts';
import { counterEvidence } from '../evidence.ts';
import { modelCause } from '../model-cause.ts';
import { onSubnetOf, stationsOf } from '../neighbourhood.ts';
import { nameOf, prefixText } from '../words.ts';

/** ip(8): an address without a prefix length is a /32; fib_add_ifaddr() then makes no connected route. */
export const addrPrefix32 = modelCause({
  id: 'addr-prefix-32',
  from: ['route-netns-no-default', 'route-missing-return', 'neigh-failed', 'v6-no-path'],
  title: 'An address was added without its prefix length',
  severity: 'error',
  page: () => ({
    symptom:
      '"Network is unreachable" for the neighbour on the same wire; or requests arrive and no answer leaves.',
    mechanism:
      '"ip addr add 192.168.15.1 dev X" means /32: a subnet of one address, so no connected route is made and every neighbour counts as remote. ARP for the address is still answered.',
    check: 'ip addr (the /32 behind the address); ip route (nothing for the subnet)',
    proof:
      'A /32 on the interface where the other end has a shorter prefix, no connected route for the subnet; the request arrives and no answer leaves, or nothing leaves at all.',
    refutation:
      'A route that covers the neighbour, connected or added by hand (a /32 with an on-link route is sound).',
    settledBy: ['ip addr show', 'ip route show', 'ip route get ADDRESS'],
    repair: 'Delete the address and add it with its prefix length.',
    references: ['net/ipv4/fib_frontend.c: fib_add_ifaddr()', 'ip-address(8)', 'IpOutNoRoutes'],
  }),
  tell(kase, drop) {
    const netns = netnsOf(kase, drop.namespace);
    if (!netns) return undefined;
    const full = kase.flow.family === 4 ? 32 : 128;
    const bare = stationsOf(netns, kase.flow.family).find(({ length }) => length === full);
    const other = bare && onSubnetOf(kase, bare.address, netns.name)[0];
    if (!bare || !other) return undefined;
    const span = bare.link.addresses.find(({ address }) => address === bare.address)?.span;
    const right = prefixText(bare.address, other.length);
    const what = drop.direction === 'forward' ? 'The request' : 'The request arrives, and its answer';
    return {
      title: `${nameOf(kase, drop.namespace)}’s address ${formatIp(bare.address)} on ${bare.link.name} has no prefix length: it is a /${full}`,
      explanation:
        `${what} has no route: ${bare.link.name} has ${prefixText(bare.address, full)}, a subnet of that one address, so the kernel made no ` +
        `connected route for ${prefixText(other.address, other.length)} on the other side of the wire. "ip addr add" without "/LENGTH" does ` +
        'that. ARP still works, since it only asks who has the address, which makes the link look healthy.',
      interface: bare.link.name,
      status: 'no-reply',
      evidence: [
        ...(span
          ? [
              {
                path: span.path,
                line: span.line,
                text: `${bare.link.name}: ${prefixText(bare.address, full)}`,
              },
            ]
          : []),
        ...counterEvidence(kase, drop.namespace, 'IpOutNoRoutes', 'packets that had no route'),
      ],
      fix: [
        {
          namespace: drop.namespace,
          text: `ip addr del ${prefixText(bare.address, full)} dev ${bare.link.name}`,
        },
        { namespace: drop.namespace, text: `ip addr add ${right} dev ${bare.link.name}` },
      ],
    };
  },
});
