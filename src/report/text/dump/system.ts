import type {
  ConntrackCpu,
  ConntrackDump,
  Counter,
  DockerContainer,
  DockerNetwork,
  ListedContainer,
  Process,
  PublishedPort,
  Resolver,
  Socket,
} from '../../../dump/records.ts';
import { formatEndpoint, formatIp } from '../../../net/ip.ts';
import { formatPrefix } from '../../../net/prefix.ts';
import { protocolName } from '../../../net/protocol.ts';
import type { Tuple } from '../../../skb/tuple.ts';
import { type Table, words } from './table.ts';

export function socketTable(sockets: readonly Socket[]): Table {
  return {
    header: ['protocol', 'state', 'local', 'peer', 'process'],
    rows: sockets.map((socket) => [
      socket.protocol,
      socket.state,
      `${localAddress(socket)}:${socket.port}`,
      socket.peer?.address === undefined ? '' : formatEndpoint(socket.peer.address, socket.peer.port),
      words(socket.process, socket.pid !== undefined && `(pid ${socket.pid})`),
    ]),
  };
}

function localAddress({ address, family, device }: Socket): string {
  const zone = device === undefined ? '' : `%${device}`;
  if (address === undefined) return `${family === 6 ? '[::]' : family === 4 ? '0.0.0.0' : '*'}${zone}`;
  const text = formatIp(address);
  return `${typeof address === 'bigint' ? `[${text}]` : text}${zone}`;
}

export function conntrackTable(entries: readonly ConntrackDump[]): Table {
  return {
    header: ['protocol', 'state', 'original', 'reply', 'packets', ''],
    rows: entries.map(({ entry, timeout }) => [
      protocolName(entry.original.protocol),
      entry.tcpState ?? '',
      tupleText(entry.original),
      tupleText(entry.reply),
      `${entry.packets.original} / ${entry.packets.reply}`,
      words(
        !entry.seenReply && 'UNREPLIED',
        entry.assured && 'ASSURED',
        entry.mark !== 0 && `mark ${entry.mark}`,
        `${timeout} s`,
      ),
    ]),
  };
}

function tupleText({ protocol, source, destination, sourcePort, destinationPort }: Tuple): string {
  if (protocol === 1 || protocol === 58)
    return `${formatIp(source)} → ${formatIp(destination)} id ${sourcePort}`;
  const ports = sourcePort !== 0 || destinationPort !== 0;
  return ports
    ? `${formatEndpoint(source, sourcePort)} → ${formatEndpoint(destination, destinationPort)}`
    : `${formatIp(source)} → ${formatIp(destination)}`;
}

export function processTable(processes: readonly Process[]): Table {
  return {
    header: ['pid', 'parent', 'user', 'command'],
    right: [0, 1],
    rows: processes.map(({ pid, parent, user, command }) => [
      String(pid),
      parent === undefined ? '' : String(parent),
      user ?? '',
      command,
    ]),
  };
}

export function conntrackStatsTable(cpus: readonly ConntrackCpu[]): Table {
  return {
    header: ['cpu', 'counter', 'value'],
    right: [2],
    rows: cpus.flatMap(({ cpu, counters }) =>
      [...counters]
        .filter(([, { value }]) => value !== 0)
        .map(([name, { value }]) => [String(cpu), name, String(value), '']),
    ),
  };
}

export function counterTable(counters: ReadonlyMap<string, Counter>): Table {
  return {
    header: ['counter', 'value'],
    right: [1],
    rows: [...counters]
      .filter(([, { value }]) => value !== 0)
      .map(([name, { value }]) => [name, String(value), '']),
  };
}

function publishedText(published: readonly PublishedPort[]): string {
  return published
    .map(({ protocol, containerPort, hostAddress, hostPort }) => {
      const host = hostAddress === undefined ? `*:${hostPort}` : formatEndpoint(hostAddress, hostPort);
      return `${host} → ${containerPort}/${protocol}`;
    })
    .join(', ');
}

export function listedContainerTable(containers: readonly ListedContainer[]): Table {
  return {
    header: ['container', 'id', 'image', 'state', 'published ports'],
    rows: containers.map(({ name, id, image, running, published }) => [
      name,
      id.slice(0, 12),
      image,
      running ? 'running' : 'not running',
      publishedText(published),
    ]),
  };
}

export function containerTable(containers: readonly DockerContainer[]): Table {
  return {
    header: ['container', 'state', 'networks', 'published ports'],
    rows: containers.map((container) => [
      container.name,
      container.running
        ? words('running', container.pid !== undefined && `(pid ${container.pid})`)
        : 'not running',
      container.endpoints.length === 0
        ? container.networkMode
        : container.endpoints
            .map(({ network, address, length }) =>
              words(
                network,
                address !== undefined && `${formatIp(address)}${length === undefined ? '' : `/${length}`}`,
              ),
            )
            .join(', '),
      publishedText(container.published),
    ]),
  };
}

export function dockerNetworkTable(networks: readonly DockerNetwork[]): Table {
  return {
    header: ['network', 'driver', 'bridge', 'subnets', ''],
    rows: networks.map((network) => [
      network.name,
      network.driver,
      network.bridge ?? '',
      network.subnets
        .map(({ subnet, gateway }) =>
          words(formatPrefix(subnet), gateway !== undefined && `gateway ${formatIp(gateway)}`),
        )
        .join(', '),
      words(network.internal && 'internal', !network.icc && 'no icc', !network.masquerade && 'no masquerade'),
    ]),
  };
}

export function resolverTable({ nameservers, search, hosts, order }: Resolver): Table {
  return {
    header: ['', ''],
    rows: [
      ...(nameservers ?? []).map(({ address }) => ['nameserver', formatIp(address)]),
      ...(search ? [['search', search.join(' ')]] : []),
      ...(order ? [['order', order.services.join(' ')]] : []),
      ...(hosts ?? []).map(({ address, names }) => [formatIp(address), names.join(' ')]),
    ],
  };
}
