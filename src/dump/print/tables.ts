/** The dumps of one record a line, as their commands print them. */
import { formatEndpoint, formatIp } from '../../net/ip.ts';
import { formatMac } from '../../net/mac.ts';
import { protocolName } from '../../net/protocol.ts';
import type { Tuple } from '../../skb/tuple.ts';
import type {
  BridgeVlan,
  ConntrackDump,
  Counter,
  FdbEntry,
  MdbEntry,
  Neighbour,
  Process,
  Resolver,
  RouterPort,
  Socket,
  Sysctl,
} from '../records.ts';

function lines(texts: readonly string[]): string {
  return texts.map((text) => `${text}\n`).join('');
}

function pair(key: string, value: number | undefined): string {
  return value === undefined ? '' : ` ${key} ${value}`;
}

/** `ip neigh` */
export function printNeighbours(neighbours: readonly Neighbour[]): string {
  return lines(
    neighbours.map((neighbour) => {
      const mac = neighbour.mac === undefined ? '' : ` lladdr ${formatMac(neighbour.mac)}`;
      const states = neighbour.states.map((state) => ` ${state}`).join('');
      return `${formatIp(neighbour.address)} dev ${neighbour.dev}${mac}${neighbour.proxy ? ' proxy' : ''}${states} `;
    }),
  );
}

/** `bridge fdb` */
export function printFdb(entries: readonly FdbEntry[]): string {
  return lines(
    entries.map((entry) => {
      const remote = entry.remote === undefined ? '' : ` dst ${formatIp(entry.remote)}`;
      const vlan = entry.vlan === undefined ? '' : ` vlan ${entry.vlan}`;
      const self = entry.self ? ' self' : '';
      const idle = entry.used === undefined ? '' : ` used ${entry.used}/${entry.updated ?? 0}`;
      const where = `${pair('port', entry.port)}${pair('vni', entry.vni)}`;
      const marks = `${entry.sticky ? ' sticky' : ''}${entry.locked ? ' locked' : ''}${entry.externallyLearned ? ' extern_learn' : ''}`;
      const state = entry.permanent ? ' permanent' : entry.fixed ? ' static' : '';
      const master = entry.master === undefined ? '' : ` master ${entry.master}`;
      return `${formatMac(entry.mac)} dev ${entry.dev}${remote}${where}${vlan}${idle}${self}${marks}${master}${state} `;
    }),
  );
}

/** `bridge -d mdb` */
export function printMdb(entries: readonly MdbEntry[], routers: readonly RouterPort[] = []): string {
  const groups = entries.map((entry) => {
    const group =
      entry.link && typeof entry.group === 'number' ? formatMac(entry.group) : formatIp(entry.group);
    const source = entry.source === undefined ? '' : ` src ${formatIp(entry.source)}`;
    const vlan = entry.vlan === undefined ? '' : ` vid ${entry.vlan}`;
    return `dev ${entry.bridge} port ${entry.port} grp ${group}${source} ${entry.permanent ? 'permanent' : 'temp'}${entry.blocked ? ' blocked' : ''}${vlan} `;
  });
  const bridges = [...new Set(routers.map(({ bridge }) => bridge))].map((bridge) => {
    const ports = routers.filter((router) => router.bridge === bridge);
    const words = ports.map(({ port, permanent }) => `${port}     0.00 ${permanent ? 'permanent' : 'temp'}`);
    return `router ports on ${bridge}: ${words.join(' ')} `;
  });
  return lines([...groups, ...bridges]);
}

/** `bridge vlan` */
export function printVlans(vlans: readonly BridgeVlan[]): string {
  let last: string | undefined;
  const rows = vlans.map((vlan) => {
    const port = vlan.dev === last ? '' : vlan.dev;
    last = vlan.dev;
    return `${port.padEnd(17)} ${vlan.vid}${vlan.pvid ? ' PVID' : ''}${vlan.untagged ? ' Egress Untagged' : ''}`;
  });
  return lines(['port              vlan-id  ', ...rows]);
}

/** `sysctl -a` */
export function printSysctls(sysctls: ReadonlyMap<string, Sysctl>): string {
  return lines([...sysctls].map(([name, { value }]) => `${name} = ${value}`));
}

/** `nstat -az`; the rates are of no use in a dump. */
export function printCounters(counters: ReadonlyMap<string, Counter>): string {
  return lines([
    '#kernel',
    ...[...counters].map(([name, { value }]) => `${name.padEnd(31)} ${String(value).padEnd(18)} 0.0`),
  ]);
}

/** `ss -antupe --inet-sockopt`, as far as it was asked */
export function printSockets(sockets: readonly Socket[]): string {
  return lines([
    'Netid State Recv-Q Send-Q Local Address:Port Peer Address:Port Process',
    ...sockets.map((socket) => {
      const device = socket.device === undefined ? '' : `%${socket.device}`;
      const any = socket.family === 4 ? '0.0.0.0' : socket.family === 6 ? '[::]' : '*';
      const host =
        socket.address === undefined
          ? any
          : typeof socket.address === 'number'
            ? formatIp(socket.address)
            : `[${formatIp(socket.address)}]`;
      const port = socket.port === 0 ? '*' : String(socket.port);
      const peer =
        socket.peer?.address === undefined
          ? `${any}:*`
          : formatEndpoint(socket.peer.address, socket.peer.port);
      const user = socket.pid === undefined ? '' : ` users:(("${socket.process ?? ''}",pid=${socket.pid}))`;
      const mark = socket.mark === undefined ? '' : ` fwmark:0x${socket.mark.toString(16)}`;
      const options =
        socket.transparent === undefined
          ? ''
          : `\n\tinet-sockopt: (${socket.transparent ? ' transparent' : ' '})`;
      const netid = socket.protocol === 'other' ? '???' : socket.protocol;
      return `${netid.padEnd(5)} ${socket.state} ${socket.receiveQueue ?? 0} ${socket.sendQueue ?? 0} ${host}${device}:${port} ${peer}${user}${mark}${options}`;
    }),
  ]);
}

/** `conntrack -L -o extended,id` */
export function printConntrack(entries: readonly ConntrackDump[]): string {
  return lines(
    entries.map(({ entry, timeout }) => {
      const { original, reply } = entry;
      const protocol = protocolName(original.protocol);
      const state = entry.tcpState === undefined ? '' : `${entry.tcpState} `;
      const counted = entry.packets.original > 0 || entry.packets.reply > 0;
      const half = (tuple: Tuple, direction: 'original' | 'reply') =>
        `${tupleWords(tuple)}${counted ? ` packets=${entry.packets[direction]} bytes=${entry.bytes[direction]}` : ''}`;
      return [
        `ipv${original.family} ${original.family === 4 ? 2 : 10} ${protocol} ${original.protocol} ${timeout} ${state}${half(original, 'original')}`,
        ...(entry.seenReply ? [] : ['[UNREPLIED]']),
        half(reply, 'reply'),
        ...(entry.assured ? ['[ASSURED]'] : []),
        `mark=${entry.mark}`,
        ...(original.zone === reply.zone
          ? original.zone === 0
            ? []
            : [`zone=${original.zone}`]
          : [`zone-orig=${original.zone}`, `zone-reply=${reply.zone}`]),
        ...(entry.helper === undefined ? [] : [`helper=${entry.helper}`]),
        ...(entry.labels.size === 0 ? [] : [`labels=${[...entry.labels].join(',')}`]),
        `use=1 id=${entry.id}`,
      ].join(' ');
    }),
  );
}

function tupleWords(tuple: Tuple): string {
  const ends = `src=${formatIp(tuple.source)} dst=${formatIp(tuple.destination)}`;
  if (tuple.protocol === 1 || tuple.protocol === 58) {
    return `${ends} type=${tuple.destinationPort >> 8} code=${tuple.destinationPort & 255} id=${tuple.sourcePort}`;
  }
  return tuple.sourcePort === 0 && tuple.destinationPort === 0
    ? ends
    : `${ends} sport=${tuple.sourcePort} dport=${tuple.destinationPort}`;
}

/** `ps -ef`, the columns that are kept. */
export function printProcesses(processes: readonly Process[]): string {
  const users = processes.some(({ user }) => user !== undefined);
  const parents = processes.some(({ parent }) => parent !== undefined);
  const row = (user: string, pid: string, parent: string, command: string) =>
    [...(users ? [user] : []), pid, ...(parents ? [parent] : []), command].join(' ');
  return lines([
    row('UID', 'PID', 'PPID', 'CMD'),
    ...processes.map(({ user, pid, parent, command }) =>
      row(user ?? '-', String(pid), String(parent ?? '-'), command),
    ),
  ]);
}

/** Each file's own lines. */
export function printResolver(resolver: Resolver): string {
  return lines([
    ...(resolver.search === undefined ? [] : [`search ${resolver.search.join(' ')}`]),
    ...(resolver.nameservers ?? []).map(({ address }) => `nameserver ${formatIp(address)}`),
    ...(resolver.hosts ?? []).map(({ address, names }) => `${formatIp(address)}\t${names.join(' ')}`),
    ...(resolver.order === undefined ? [] : [`hosts: ${resolver.order.services.join(' ')}`]),
  ]);
}
