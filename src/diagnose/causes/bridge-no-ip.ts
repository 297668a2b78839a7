import { modelCause } from '../model-cause.ts';
import { nameOf } from '../words.ts';

export const bridgeNoIp = modelCause({
  id: 'bridge-no-ip',
  title: 'The bridge has no address',
  severity: 'error',
  symptom:
    'The host can’t reach its namespaces and they can’t reach their gateway, while they reach each other.',
  mechanism:
    'Ports of a bridge talk to each other without any address; the host itself takes part only through an address on the bridge device. Without it there is no connected route, and nobody answers ARP for the gateway.',
  check: 'ip addr show BRIDGE; ip route get ADDRESS',
  tell(kase, drop) {
    const links = [...kase.snapshot.namespaces.values()].flatMap((netns) => netns.links ?? []);
    const bare = links.find(
      (link) =>
        link.kind === 'bridge' && !link.inferred && link.addresses.every(({ scope }) => scope !== 'global'),
    );
    if (!bare) return undefined;
    const where = nameOf(kase, drop.namespace);
    return {
      title: `nobody has the gateway’s address: the bridge in ${where} has none`,
      interface: bare.name,
      evidence: [{ path: bare.span.path, line: bare.span.line, text: `${bare.name} has no address` }],
      explanation: `The packet is for an address that the bridge should have, and the bridge has no address. Nobody answers ARP for it, and the host, which has no connected route to that network, sends what is for it by its default route.`,
    };
  },
});
