/** The options of `trace` as a packet, and the place it starts from. */

import { nearest } from '../../../base/nearest.ts';
import { printable } from '../../../base/printable.ts';
import { rootOf } from '../../../input/host.ts';
import { familyOf, type Ip, parseIp } from '../../../net/ip.ts';
import { hasPorts, PROTOCOL } from '../../../net/protocol.ts';
import type { ProbeSpec } from '../../../netstack/probe.ts';
import type { Topology } from '../../../topology/topology.ts';
import { IcmpNames, readIcmp } from '../../../xtables/names/icmp.ts';
import { protocolNumber } from '../../../xtables/names/protocols.ts';
import { servicePort } from '../../../xtables/names/services.ts';
import type { TraceOptions } from '../../commands/trace.ts';
import { UsageError } from '../../io.ts';

/** What the command line alone says, before any input is read. */
export function parseProbe(options: TraceOptions): Omit<ProbeSpec, 'from' | 'iface'> {
  const { address: to, port } = destination(options.to);
  const source = options.src === undefined ? undefined : address('--src', options.src);
  if (source !== undefined && familyOf(source) !== familyOf(to)) {
    throw new UsageError(
      `--src ${printable(options.src ?? '')} and --to ${printable(options.to)} are of different families`,
    );
  }
  const destinationPort = options.dport === undefined ? port : portOf('--dport', options.dport);
  const sourcePort = options.sport === undefined ? undefined : portOf('--sport', options.sport);
  const protocol = protocolOf(options, familyOf(to), destinationPort ?? sourcePort);
  const ports = hasPorts(protocol);
  if (!ports && (destinationPort !== undefined || sourcePort !== undefined)) {
    throw new UsageError(
      `protocol ${printable(options.proto ?? '')} has no ports`,
      'Ports go with --proto tcp, udp, sctp, dccp or udplite.',
    );
  }
  if (ports && destinationPort === undefined) {
    throw new UsageError(`--proto ${printable(options.proto ?? '')} needs --dport`);
  }
  return {
    to,
    protocol,
    ...(source !== undefined && { source }),
    ...(destinationPort !== undefined && { destinationPort }),
    ...(sourcePort !== undefined && { sourcePort }),
    ...icmpOf(options, familyOf(to), protocol),
    ...optional('ttl', options.ttl, 0, 255),
    ...optional('tos', options.tos, 0, 255),
    ...optional('mark', options.mark, 0, 0xffffffff),
  };
}

/** `--from NS[:IFACE]`, which has to be known. */
export function placeProbe(from: string, topology: Topology): Pick<ProbeSpec, 'from' | 'iface'> {
  const names = [...topology.namespaces.keys()];
  if (topology.namespaces.has(from)) return { from };
  const colon = from.lastIndexOf(':');
  const told = colon < 0 ? from : from.slice(0, colon);
  // A machine's name alone is its root namespace.
  const root = rootOf(`${told}/`);
  const namespace = !topology.namespaces.has(told) && topology.namespaces.has(root) ? root : told;
  if (colon < 0 && namespace === root) return { from: root };
  const netns = topology.namespaces.get(namespace);
  if (!netns) {
    throw new UsageError(
      `--from: there is no namespace ${printable(namespace)}`,
      known('Namespaces', namespace, names),
    );
  }
  const iface = from.slice(colon + 1);
  const links = (netns.links ?? []).map((link) => link.name);
  if (!links.includes(iface)) {
    throw new UsageError(
      `--from: ${printable(namespace)} has no interface ${printable(iface)}`,
      known('Interfaces', iface, links),
    );
  }
  return { from: namespace, iface };
}

function known(what: string, wanted: string, names: readonly string[]): string {
  const near = nearest(wanted, names);
  const guess = near === undefined ? '' : `Did you mean ${printable(near)}? `;
  return `${guess}${what} that the inputs know: ${names.map(printable).join(', ') || 'none'}`;
}

/** `8.8.8.8`, `8.8.8.8:53`, `fd00::1`, `[fd00::1]:53`. */
function destination(text: string): { address: Ip; port?: number } {
  const whole = parseIp(text);
  if (whole !== undefined) return { address: whole };
  const match = /^\[([^\]]+)\](?::(.+))?$|^([^:]+):(.+)$/.exec(text);
  const port = match?.[2] ?? match?.[4];
  return {
    address: address('--to', match?.[1] ?? match?.[3] ?? text),
    ...(port !== undefined && { port: portOf('--to', port) }),
  };
}

function address(option: string, text: string): Ip {
  const ip = parseIp(text);
  if (ip !== undefined) return ip;
  throw new UsageError(
    `${option}: ${printable(text)} is no IP address`,
    'Names are not resolved: give the address.',
  );
}

function portOf(option: string, text: string): number {
  const port = /^\d+$/.test(text) ? Number(text) : servicePort(text);
  if (port !== undefined && port <= 65535) return port;
  throw new UsageError(`${option}: ${printable(text)} is no port`);
}

function protocolOf({ proto }: TraceOptions, family: 4 | 6, port: number | undefined): number {
  const icmp = family === 4 ? PROTOCOL.icmp : PROTOCOL['ipv6-icmp'];
  if (proto === undefined) return port === undefined ? icmp : PROTOCOL.tcp;
  if (/^icmp(v?6)?$/i.test(proto)) return icmp;
  const number = /^\d+$/.test(proto) ? Number(proto) : protocolNumber(proto);
  if (number !== undefined && number <= 255) return number;
  throw new UsageError(
    `--proto: ${printable(proto)} is no protocol`,
    'By name (tcp, udp, icmp, sctp, gre …) or number.',
  );
}

function icmpOf(
  options: TraceOptions,
  family: 4 | 6,
  protocol: number,
): Pick<ProbeSpec, 'icmpType' | 'icmpCode'> {
  const isIcmp = protocol === PROTOCOL.icmp || protocol === PROTOCOL['ipv6-icmp'];
  if (!isIcmp) {
    if (options.icmpType === undefined && options.icmpCode === undefined) return {};
    throw new UsageError('--icmp-type and --icmp-code go with --proto icmp');
  }
  const code = optional('icmpCode', options.icmpCode, 0, 255);
  if (options.icmpType === undefined) return { icmpType: family === 4 ? 8 : 128, ...code };
  const test = readIcmp(options.icmpType, family === 4 ? IcmpNames.v4 : IcmpNames.v6, false);
  if (!test) throw new UsageError(`--icmp-type: ${printable(options.icmpType)} is no ICMP type`);
  return { icmpType: test.type, ...(test.minCode === test.maxCode && { icmpCode: test.minCode }), ...code };
}

function optional<K extends 'ttl' | 'tos' | 'mark' | 'icmpCode'>(
  key: K,
  text: string | undefined,
  least: number,
  most: number,
): { [P in K]?: number } {
  if (text === undefined) return {};
  const value = /^(0x[0-9a-f]+|\d+)$/i.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return { [key]: value } as { [P in K]?: number };
  const option = key === 'icmpCode' ? 'icmp-code' : key;
  throw new UsageError(`--${option}: ${printable(text)} is no number from ${least} to ${most}`);
}
