import { neighboursOf, ownersOf } from '../../correlate/owner.ts';
import { formatEndpoint, formatIp } from '../../net/ip.ts';
import { protocolName } from '../../net/protocol.ts';
import { type Case, netnsOf } from '../case.ts';
import type { Cause, Command } from '../cause.ts';
import { isRouter } from '../neighbourhood.ts';
import { nftNatChain } from '../nft-nat.ts';
import { listedPublisherOf, listedStopped, serviceBehind } from '../published.ts';
import { refusalOf } from '../refusal.ts';
import { iptablesOf, nameOf } from '../words.ts';

export const natNoDnatHostRst: Cause = {
  id: 'nat-no-dnat-host-rst',
  title: 'The host itself refuses: nothing forwards the port',
  severity: 'error',
  page: () => ({
    symptom:
      '"Connection refused" on the host’s address from outside, while the service runs in a namespace or container.',
    mechanism:
      'A service in another namespace is not reachable by the host’s address until a DNAT rule (a published port) sends it there. Without one the host looks for a socket of its own, has none, and refuses.',
    check: 'iptables -t nat -S PREROUTING; ss -lnt on the host and in the namespace',
    proof:
      'The SYN comes in on the uplink and the RST leaves there; nothing is on the bridge, no nat rule changed the destination, and the host has no socket on that port.',
    refutation: 'The SYN on the bridge, a DNAT rule that counts it, or a REJECT rule that does.',
    settledBy: ['iptables-save -c', 'nft list ruleset', 'ss -lntup (on the host)'],
    repair:
      'Publish the port (docker run -p, or a DNAT rule to the namespace’s address), or start the service on the host.',
    references: [
      'net/ipv4/tcp_ipv4.c: tcp_v4_rcv(), tcp_v4_send_reset(), drop reason NO_SOCKET',
      'RFC 9293, section 3.10.7.1',
      'iptables-extensions(8): DNAT',
    ],
  }),
  find(kase) {
    const refusal = refusalOf(kase);
    const host = refusal?.namespace;
    if (!refusal || host === undefined || refusal.dnat) return undefined;
    if (!ownersOf(kase.snapshot, kase.flow.server.address).some(({ netns }) => netns.name === host))
      return undefined;
    const behind = serviceBehind(kase, host);
    if (!isRouter(netnsOf(kase, host))) return undefined;
    // A client behind the host that asks for a port nobody has wants the host itself.
    if (!behind && comesFromInside(kase, host)) return undefined;
    const where = nameOf(kase, host);
    const netns = netnsOf(kase, host);
    const rulesKnown = (kase.flow.family === 4 ? netns?.rulesets4 : netns?.rulesets6) !== undefined;
    const port = kase.flow.server.port;
    const listed = listedPublisherOf(kase);
    const stopped = listedStopped(kase).map(({ name }) => name);
    const target = behind && formatEndpoint(behind.address, behind.port);
    return {
      confidence: rulesKnown ? Math.min(0.97, refusal.confidence + (behind ? 0.02 : -0.05)) : 0.5,
      title: `${where} refuses port ${port} itself: no DNAT rule sends it ${behind ? `to ${nameOf(kase, behind.namespace)}` : 'anywhere'}`,
      explanation:
        `The request is for ${formatEndpoint(kase.flow.server.address, port)}, an address of ${where}. No rule of nat PREROUTING changes its destination, so it is ` +
        `delivered to ${where} itself; nobody listens on port ${port} there, and its kernel answers with RST. ` +
        (behind
          ? `${nameOf(kase, behind.namespace)} does listen on that port (${target}), but nothing tells ${where} so.`
          : 'It never went near a container.') +
        (listed
          ? ` docker ps lists container ${listed.container.name} as publishing that port: the rules that Docker made for it are gone, and so is its docker-proxy.`
          : stopped.length > 0
            ? ` docker ps lists containers that don’t run (${stopped.slice(0, 5).join(', ')}): a published port of theirs would be refused like this.`
            : ''),
      namespace: host,
      status: 'rejected',
      evidence: [...refusal.evidence, ...(listed ? [listed.evidence] : [])],
      fix: target === undefined ? [] : [forwarding(kase, host, target)],
      effect: behind
        ? ''
        : listed
          ? 'systemctl restart docker writes its rules again; then let whatever flushed them leave foreign chains alone. docker inspect would tell what its rules should be.'
          : 'Publish the port (a DNAT rule to the container’s address and port), or start the service on the host.',
    };
  },
};

/** A DNAT rule for the port, in the packet filter that has such rules already. */
function forwarding(kase: Case, namespace: string, target: string): Command {
  const { server, protocol, family } = kase.flow;
  const [name, address] = [protocolName(protocol), formatIp(server.address)];
  const chain = nftNatChain(kase, namespace, 'prerouting');
  const ip = family === 4 ? 'ip' : 'ip6';
  // Tables of both families don't know which one an address is of.
  const to = chain?.startsWith('inet') ? `dnat ${ip} to` : 'dnat to';
  return {
    namespace,
    text: chain
      ? `nft add rule ${chain} ${ip} daddr ${address} ${name} dport ${server.port} ${to} ${target}`
      : `${iptablesOf(kase)} -t nat -A PREROUTING -d ${address} -p ${name} --dport ${server.port} -j DNAT --to-destination ${target}`,
  };
}

/** The client is on a subnet of the host that is not the one of its default route. */
function comesFromInside(kase: Case, host: string): boolean {
  const netns = netnsOf(kase, host);
  const near = neighboursOf(kase.snapshot, kase.flow.client.address).find(
    (owner) => owner.netns.name === host,
  );
  const routes = (kase.flow.family === 4 ? netns?.routes4 : netns?.routes6)?.routes ?? [];
  const uplinks = routes
    .filter((route) => route.destination.length === 0)
    .flatMap((route) => route.nexthops.map(({ dev }) => dev));
  return near !== undefined && !uplinks.includes(near.link.name);
}
