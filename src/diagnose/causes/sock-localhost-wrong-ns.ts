import { asksName } from '../../correlate/outcome.ts';
import { isLoopback } from '../../correlate/owner.ts';
import { isRoot } from '../../input/host.ts';
import { formatEndpoint } from '../../net/ip.ts';
import type { Case } from '../case.ts';
import type { Cause } from '../cause.ts';
import { type Elsewhere, listensElsewhere } from '../elsewhere.ts';
import { listeners, type Refusal, refusalOf } from '../refusal.ts';
import { capital, nameOf } from '../words.ts';

/** From so many on, the port is one that each namespace has for itself (a sidecar, an agent). */
const EVERYBODY = 3;

export const sockLocalhostWrongNs: Cause = {
  id: 'sock-localhost-wrong-ns',
  title: '127.0.0.1 is asked in the wrong namespace',
  severity: 'error',
  page: () => ({
    symptom:
      '"Connection refused" by localhost inside a container or namespace, though the service runs on the host, or in the container next to it.',
    mechanism:
      'Every network namespace has a loopback interface of its own. 127.0.0.1 and ::1 never leave it: inside a container they mean that container, whatever listens on the host’s or another container’s 127.0.0.1.',
    check:
      'ss -lntup in the namespace that asks and in those that may have the service; tcpdump -i lo in the namespace that asks',
    proof:
      'SYN and RST (UDP: ICMP 3/3) for 127.0.0.1 or ::1 on lo of the namespace that asks; ss shows no socket on that port there, and one in another namespace.',
    refutation:
      'A socket on that port in the same namespace, or a packet of it on any interface but lo. Where each namespace has such a service of its own (a sidecar), it is its own that is missing.',
    settledBy: [
      'ss -lntup (in the namespace that asks, and in every other)',
      'ip netns exec NAME cat /etc/hosts (what localhost means there)',
    ],
    repair:
      'Ask for the service by its name or address: the container’s name on a network of both, the bridge’s gateway or host-gateway for the host, where it has to listen on that address as well. Or let both share one namespace.',
    references: [
      'net/ipv4/fib_frontend.c: fib_add_ifaddr() (local table)',
      'net/ipv4/route.c: ip_route_output_key_hash_rcu()',
      'network_namespaces(7)',
      'RFC 1122, section 3.2.1.3 (g)',
      'RFC 4291, section 2.5.3',
      'docker-run(1): --add-host NAME:host-gateway',
      'docker/for-linux#264',
    ],
  }),
  find(kase) {
    const { flow } = kase;
    // A resolver’s stub on a loopback address is a story of its own.
    if (asksName(flow)) return undefined;
    const refusal = refusalOf(kase);
    const asker = refusal?.namespace;
    if (!refusal || asker === undefined || !isLoopback(flow.server.address) || refusal.dnat) return undefined;
    // Listens there after all, if on another address: that one is meant.
    if (listeners(kase, refusal.sockets).some(({ port }) => port === refusal.port)) return undefined;
    const others = listensElsewhere(kase, asker, refusal.port);
    const [meant] = others;
    if (!meant) return undefined;
    const where = nameOf(kase, asker);
    const there = nameOf(kase, meant.namespace);
    const own = formatEndpoint(flow.server.address, refusal.port);
    return {
      confidence: confidenceOf(refusal, others),
      title: `${where} asks its own ${own}; ${meant.process} listens on port ${refusal.port} ${isRoot(meant.namespace) ? 'on' : 'in'} ${there}`,
      explanation:
        `The request goes to ${own}, and a loopback address is the namespace’s own: the packet never leaves lo of ${where}, where nobody listens on that port, so its kernel refuses it. ` +
        `${capital(there)} has ${meant.process} on that port, in another network namespace, whose 127.0.0.1 is another one.`,
      namespace: asker,
      interface: 'lo',
      status: 'rejected',
      evidence: [...refusal.evidence, ...others.slice(0, 3).map(({ evidence }) => evidence)],
      fix: [],
      effect: advice(kase, meant),
    };
  },
};

function confidenceOf({ confidence, sockets }: Refusal, others: readonly Elsewhere[]): number {
  const [meant] = others;
  // Another container’s own loopback is as a rule meant for that container alone.
  const itsOwn = meant?.loopbackOnly === true && !isRoot(meant.namespace);
  if (itsOwn || others.length >= EVERYBODY || !sockets) return Math.min(0.5, confidence);
  return Math.min(0.95, confidence + 0.08);
}

function advice(kase: Case, meant: Elsewhere): string {
  const { address, port, process, loopbackOnly, reachable } = meant;
  const there = nameOf(kase, meant.namespace);
  const target = address === undefined ? `${there}’s address` : formatEndpoint(address, port);
  const named = kase.snapshot.docker.containers.some(({ name }) => there === `container ${name}`)
    ? ` (on a network that both have, by its name)`
    : isRoot(meant.namespace) && kase.snapshot.docker.containers.length > 0
      ? ' (host-gateway: docker run --add-host)'
      : '';
  if (loopbackOnly)
    return `Let ${process} in ${there} listen on ${target} as well: on its 127.0.0.1 only ${there} reaches it. Then configure the client to ask ${target}${named} in place of localhost.`;
  const tried = reachable
    ? ' A request to it was replayed: it arrives there, and its answer comes back.'
    : '';
  return `Configure the client to ask ${target}${named} in place of localhost.${tried}`;
}
