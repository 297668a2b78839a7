import { isLoopback } from '../../correlate/owner.ts';
import type { Socket } from '../../dump/records.ts';
import { formatEndpoint, formatIp, type Ip } from '../../net/ip.ts';
import { sysctl } from '../../snapshot/sysctl.ts';
import { netnsOf, type Scene } from '../case.ts';
import type { Cause, Found } from '../cause.ts';
import { sysctlEvidence } from '../evidence.ts';
import { capital, nameOf } from '../words.ts';

const RANGE = 'net.ipv4.ip_local_port_range';
const RESERVED = 'net.ipv4.ip_local_reserved_ports';
const REUSE = 'net.ipv4.tcp_tw_reuse';

/** __inet_hash_connect(), net/ipv4/inet_hashtables.c: -EADDRNOTAVAIL once every port of the range was tried. */
export const sockEphemeralExhausted: Cause = {
  id: 'sock-ephemeral-exhausted',
  title: 'No local port is left to connect from',
  severity: 'error',
  page: () => ({
    symptom:
      'A program that opens many connections to one server reports "Cannot assign requested address"; other servers, and other ports of that one, can be reached.',
    mechanism:
      'connect() takes a local port of net.ipv4.ip_local_port_range that no other connection from the same address to the same address and port has, and none that a program has bound. When all are taken it fails with EADDRNOTAVAIL before a packet is built. Closed connections hold theirs for 60 seconds more, in TIME-WAIT, at the end that closed first.',
    check:
      'sysctl net.ipv4.ip_local_port_range; ss -tan in the namespace of the client: count the local ports in use per destination address and port',
    proof:
      'The connections to one destination (ss -tan, all states) and the bound ports hold as many ports of the range as it has; no capture shows the SYNs of the attempts that fail.',
    refutation:
      'A free port in the range at that time; net.ipv4.tcp_tw_reuse that lets connect() take those in TIME-WAIT (1, and 2 on loopback); the SYN seen: then connect() had a port.',
    settledBy: [
      'ss -tan (in the namespace of the client, while it happens)',
      `sysctl ${RANGE} ${RESERVED} ${REUSE}`,
    ],
    repair:
      'A wider range helps at once. To last: keep connections and reuse them, let the server close first, spread over several addresses, or allow connect() to reuse TIME-WAIT (tcp_tw_reuse).',
    references: [
      'net/ipv4/inet_hashtables.c: __inet_hash_connect(), __inet_check_established()',
      'net/ipv4/tcp_ipv4.c: tcp_twsk_unique()',
      'Documentation/networking/ip-sysctl.rst: ip_local_port_range, ip_local_reserved_ports, tcp_tw_reuse',
      'connect(2): EADDRNOTAVAIL',
      'RFC 6056',
    ],
  }),
  survey(scene) {
    return [...scene.snapshot.namespaces.keys()].flatMap((namespace) => exhausted(scene, namespace));
  },
};

function exhausted(scene: Scene, namespace: string): Found[] {
  const netns = netnsOf(scene, namespace);
  const range = netns && portRange(sysctl(netns, RANGE)?.value ?? '');
  if (!netns?.sockets || !range) return [];
  const inRange = netns.sockets.filter(
    ({ protocol, port }) => protocol === 'tcp' && port >= range.low && port <= range.high,
  );
  const bound = new Set(inRange.filter(({ state }) => state === 'LISTEN').map(({ port }) => port));
  const reserved = portList(sysctl(netns, RESERVED)?.value ?? '', range);
  const reuse = sysctl(netns, REUSE);
  const usable = range.high - range.low + 1 - new Set([...bound, ...reserved]).size;
  return [...byDestination(inRange, reuse?.value ?? '2').values()].flatMap((connections) => {
    const [first] = connections;
    const ports = new Set(connections.map(({ port }) => port).filter((port) => !bound.has(port)));
    for (const port of reserved) ports.delete(port);
    if (!first?.peer?.address || first.address === undefined || usable < 1 || ports.size < usable) return [];
    const waiting = connections.filter(isWaiting).length;
    const dumped = netns.sysctls?.get(RANGE) !== undefined;
    // The default of tcp_tw_reuse is another before Linux 4.19.
    const sure = waiting === 0 || reuse?.span !== undefined;
    const to = formatEndpoint(first.peer.address, first.peer.port);
    const where = nameOf(scene, namespace);
    const text = `${range.low}-${range.high}`;
    const wider = range.low > 1024 || range.high < 65_535;
    return [
      {
        confidence: !dumped ? 0.55 : sure ? 0.95 : 0.8,
        title: `${where} has no local port left to connect to ${to} from: all ${usable} of ${text} are taken`,
        explanation:
          `${capital(where)} may connect from the ports ${text}${dumped ? '' : ` (assumed: sysctl ${RANGE} was not dumped)`}, and from ${formatIp(first.address)} to ${to} each serves one connection at a time. ` +
          `${ports.size} are taken: ${statesOf(connections)}${bound.size > 0 ? `; ${bound.size} more belong to listeners` : ''}. ` +
          'The next connect() fails with EADDRNOTAVAIL ("Cannot assign requested address") and sends nothing, so no capture shows it. Other destinations are not affected.',
        namespace,
        sysctl: RANGE,
        group: `${formatIp(first.address)} ${to}`,
        status: 'no-reply',
        evidence: [
          ...sysctlEvidence(scene, namespace, RANGE),
          ...(waiting > 0 ? sysctlEvidence(scene, namespace, REUSE) : []),
          ...connections.slice(0, MOST).map(({ span, port, state }) => ({
            path: span.path,
            line: span.line,
            text: `port ${port} is taken for ${to} (${state}), one of ${ports.size}`,
          })),
        ],
        fix: [
          ...(dumped && wider ? [{ namespace, text: `sysctl -w ${RANGE}="1024 65535"` }] : []),
          ...(waiting > 0 && reuse?.value !== '1' ? [{ namespace, text: `sysctl -w ${REUSE}=1` }] : []),
        ],
        replay: false,
        effect:
          `${wider ? `With the wider range connect() to ${to} finds a port again; ports that services there need belong into ${RESERVED}. ` : ''}` +
          `${waiting > 0 && reuse?.value !== '1' ? `With ${REUSE}=1 connect() takes the port of a connection that has been in TIME-WAIT for a second (both ends need TCP timestamps, which is the default). ` : ''}` +
          `Keep connections to ${to} and reuse them${waiting > 0 ? `, or close them at the server’s end first: ${waiting} wait in TIME-WAIT` : ''}.`,
      },
    ];
  });
}

const MOST = 4;

const isWaiting = ({ state }: Socket) => state === 'TIME-WAIT';

/** Connections that keep their port from others, by local address and destination. */
function byDestination(sockets: readonly Socket[], reuse: string): Map<string, Socket[]> {
  const groups = new Map<string, Socket[]>();
  for (const socket of sockets) {
    const { address, peer, state } = socket;
    if (address === undefined || peer?.address === undefined || state === 'LISTEN') continue;
    if (isWaiting(socket) && isReusable(peer.address, reuse)) continue;
    const key = `${address} ${peer.address} ${peer.port}`;
    const group = groups.get(key);
    if (group) group.push(socket);
    else groups.set(key, [socket]);
  }
  return groups;
}

/** tcp_twsk_unique(): 1 allows it, 2 (the default) between loopback addresses. */
function isReusable(peer: Ip, reuse: string): boolean {
  return reuse === '1' || (reuse === '2' && isLoopback(peer));
}

function statesOf(connections: readonly Socket[]): string {
  const counts = new Map<string, number>();
  for (const { state } of connections) counts.set(state, (counts.get(state) ?? 0) + 1);
  return [...counts].map(([state, count]) => `${count} ${state}`).join(', ');
}

interface PortRange {
  readonly low: number;
  readonly high: number;
}

function portRange(value: string): PortRange | undefined {
  const match = /^\s*(\d{1,5})\s+(\d{1,5})\s*$/.exec(value);
  const [low, high] = [Number(match?.[1]), Number(match?.[2])];
  return match && low <= high && high <= 65_535 ? { low, high } : undefined;
}

/** `8080,9000-9010`: those of them that are in the range. */
function portList(value: string, range: PortRange): Set<number> {
  const ports = new Set<number>();
  for (const part of value.split(',')) {
    const match = /^\s*(\d{1,5})(?:-(\d{1,5}))?\s*$/.exec(part);
    if (!match) continue;
    const last = Math.min(Number(match[2] ?? match[1]), range.high);
    for (let port = Math.max(Number(match[1]), range.low); port <= last; port++) ports.add(port);
  }
  return ports;
}
