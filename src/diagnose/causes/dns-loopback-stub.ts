import { isLoopback } from '../../correlate/owner.ts';
import type { Socket } from '../../dump/records.ts';
import { isRoot } from '../../input/host.ts';
import { formatEndpoint, formatIp, type Ip } from '../../net/ip.ts';
import type { Netns } from '../../snapshot/snapshot.ts';
import type { Case, Scene } from '../case.ts';
import type { Cause, Found } from '../cause.ts';
import { seenAt } from '../evidence.ts';
import type { Evidence } from '../finding.ts';
import { nameAnswers } from '../names.ts';
import { reaches } from '../reaches.ts';
import { socketEvidence } from '../refusal.ts';
import { EMBEDDED, embeddedSockets, nameserverEvidence, refusedStub, stubSockets } from '../stub.ts';
import { capital, nameOf } from '../words.ts';

/** systemd-resolved’s stub and its proxy without validation: nobody else has these addresses. */
const RESOLVED: readonly Ip[] = [0x7f000035, 0x7f000036];
const DNS = 53;

export const dnsLoopbackStub: Cause = {
  id: 'dns-loopback-stub',
  title: 'resolv.conf names a stub that only the host has',
  severity: 'error',
  page: () => ({
    symptom:
      'Names resolve on the host and not in the namespace or container: "connection refused" by 127.0.0.53 or 127.0.0.1. Or a DNS server that forwards to itself, in a loop.',
    mechanism:
      'On hosts with systemd-resolved, dnsmasq or the like, resolv.conf names a stub on a loopback address. That file gets into a namespace (ip netns exec shows it unless /etc/netns/NAME has one, images and pods get copies of it), and there the address is the namespace’s own loopback, where nobody listens on port 53.',
    check: 'cat /etc/resolv.conf and ss -lnu in the namespace; tcpdump -i lo port 53 there',
    proof:
      'On lo of the namespace: queries to 127.0.0.53 (or another loopback address), each refused by ICMP 3/3; none on its other interfaces; resolv.conf there names that address, and no socket there is on port 53, while the host has one.',
    refutation:
      'A socket on port 53 of that address in the namespace; queries that go out to a server. With dockerd’s sockets on 127.0.0.11 there, it is the rules to them that are missing (dns-embedded-flushed).',
    settledBy: [
      'ip netns exec NAME cat /etc/resolv.conf',
      'ss -lntup (in the namespace, and on the host)',
      'resolvectl status (the servers behind the stub)',
    ],
    repair:
      'Give the namespace a resolv.conf of its own with servers it can reach: /etc/netns/NAME/resolv.conf, docker run --dns, kubelet’s resolvConf. The servers behind systemd-resolved are in /run/systemd/resolve/resolv.conf.',
    references: [
      'resolv.conf(5): nameserver',
      'systemd-resolved.service(8): 127.0.0.53, /run/systemd/resolve/resolv.conf',
      'ip-netns(8): /etc/netns',
      'net/ipv4/udp.c: __udp4_lib_rcv(), UdpNoPorts',
      'coredns/coredns#2087',
      'moby/moby#6388',
      'moby/moby#43705',
      'debops/debops#1929',
      'microsoft/pai#5382',
    ],
  }),
  find(kase) {
    const stub = refusedStub(kase);
    if (!stub) return undefined;
    const { netns, refusal, name } = stub;
    const server = kase.flow.server.address;
    if (server === EMBEDDED && embeddedSockets(netns).length > 0) return undefined;
    if (stubSockets(netns, kase.flow.protocol, server).length > 0) return undefined;
    const owner = ownerOf(kase, netns, server);
    // The host’s own stub isn’t running: that is no copy.
    if (isRoot(netns.name) && !owner) return undefined;
    const copied = owner !== undefined || RESOLVED.includes(server);
    const known = netns.sockets !== undefined;
    const others = serversFor(kase, netns);
    return {
      confidence:
        copied && known ? Math.min(0.96, refusal.confidence + 0.12) : Math.min(0.55, refusal.confidence),
      ...tell(kase, netns, server, owner),
      title: `${nameOf(kase, netns.name)} asks ${formatEndpoint(server, DNS)} for names, its own loopback, where nobody listens`,
      explanation:
        `The question${name ? ` for "${name}"` : ''} goes to ${formatEndpoint(server, DNS)}. ${whyLoopback(kase, netns, owner)} ` +
        'Nobody listens on port 53 there, so the namespace’s kernel refuses each question by ICMP port unreachable, and none goes out to a DNS server.',
      status: 'rejected',
      evidence: [
        ...stub.evidence,
        ...(owner ? [socketEvidence(owner.socket)] : []),
        ...others.slice(0, 1).map(({ evidence }) => evidence),
      ],
      effect: advice(kase, netns, others),
    };
  },
  /** No question was captured: the file and the sockets show that each would be refused. */
  survey(scene) {
    return [...scene.snapshot.namespaces.values()].flatMap((netns) => copiedIn(scene, netns) ?? []);
  },
};

interface StubOwner {
  readonly netns: Netns;
  readonly socket: Socket;
}

/** Who has a stub on that address: another namespace, the host before others. */
function ownerOf(scene: Scene, asker: Netns, server: Ip): StubOwner | undefined {
  const owners = [...scene.snapshot.namespaces.values()]
    .filter(({ name }) => name !== asker.name)
    .flatMap((netns) =>
      [17, 6].flatMap((protocol) =>
        stubSockets(netns, protocol, server).map((socket) => ({ netns, socket })),
      ),
    )
    .filter(({ socket }) => socket.address === server);
  return owners.find(({ netns }) => isRoot(netns.name)) ?? owners[0];
}

function whyLoopback(scene: Scene, netns: Netns, owner: StubOwner | undefined): string {
  const where = nameOf(scene, netns.name);
  return owner
    ? `${capital(nameOf(scene, owner.netns.name))} has a resolver on that address (${owner.socket.process ?? 'a process'}), but a loopback address is the namespace’s own: asked in ${where}, it is ${where}’s.`
    : `A loopback address is the namespace’s own: it is ${where}’s lo that is asked.`;
}

function tell(scene: Scene, netns: Netns, server: Ip, owner: StubOwner | undefined) {
  const place = { namespace: netns.name, interface: 'lo', fix: [] };
  return {
    ...place,
    group: `${netns.name} ${formatIp(server)} ${owner ? nameOf(scene, owner.netns.name) : ''}`,
  };
}

interface Server {
  readonly address: Ip;
  readonly evidence: Evidence;
}

/** Servers that work or that somebody else is told to ask; those that the namespace reaches by the model come first. */
function serversFor(kase: Case, asker: Netns): (Server & { readonly reached: boolean })[] {
  const answered = nameAnswers(kase).map(({ flow, sighting }) => ({
    address: flow.server.address,
    evidence: seenAt(kase, sighting, `${formatIp(flow.server.address)} answers questions for names`),
  }));
  const configured = [...kase.snapshot.namespaces.values()]
    .filter(({ name }) => name !== asker.name)
    .flatMap((netns) =>
      (netns.resolver?.nameservers ?? []).flatMap(({ address }) =>
        nameserverEvidence(netns, address).map((evidence) => ({ address, evidence })),
      ),
    );
  const servers = new Map<Ip, Server>();
  for (const server of [...answered, ...configured]) {
    if (!isLoopback(server.address) && !servers.has(server.address)) servers.set(server.address, server);
  }
  return [...servers.values()]
    .slice(0, 4)
    .map((server) => ({ ...server, reached: reaches(kase, asker.name, server.address, DNS) }))
    .toSorted((left, right) => Number(right.reached) - Number(left.reached));
}

function advice(scene: Scene, netns: Netns, servers: readonly { address: Ip; reached: boolean }[]): string {
  const [first] = servers;
  const server = first ? formatIp(first.address) : 'a server that it can reach';
  const line = first ? `nameserver ${server}` : 'a server that it can reach';
  const container = netns.container !== undefined;
  const how = container
    ? `Start ${nameOf(scene, netns.name)} with --dns ${first ? server : 'SERVER'} (or "dns" in /etc/docker/daemon.json).`
    : `Put "${line}" into /etc/netns/${netns.name}/resolv.conf, which ip netns exec shows there as /etc/resolv.conf.`;
  const where = first
    ? ''
    : ' The servers behind the host’s stub: resolvectl status, or /run/systemd/resolve/resolv.conf.';
  const tried = first?.reached
    ? ` A question to ${server} was replayed: it arrives there, and its answer comes back.`
    : '';
  return `${how}${where}${tried}`;
}

function copiedIn(scene: Scene, netns: Netns): Found | undefined {
  const servers = netns.resolver?.nameservers ?? [];
  const [first] = servers;
  if (isRoot(netns.name) || !netns.sockets || !first) return undefined;
  // One server that is somewhere else is enough, if late.
  const dead = servers.every(
    ({ address }) =>
      isLoopback(address) &&
      [17, 6].every((protocol) => stubSockets(netns, protocol, address).length === 0) &&
      !(address === EMBEDDED && embeddedSockets(netns).length > 0),
  );
  const owner = ownerOf(scene, netns, first.address);
  if (!dead || (!owner && !RESOLVED.includes(first.address))) return undefined;
  return {
    confidence: 0.6,
    severity: 'info',
    ...tell(scene, netns, first.address, owner),
    title: `in ${nameOf(scene, netns.name)} no name resolves: resolv.conf says ${formatIp(first.address)}, where nobody listens`,
    explanation: `${whyLoopback(scene, netns, owner)} Whoever asks for a name there is refused; no question was captured.`,
    status: 'rejected',
    evidence: [...nameserverEvidence(netns, first.address), ...(owner ? [socketEvidence(owner.socket)] : [])],
    effect: advice(scene, netns, []),
  };
}
