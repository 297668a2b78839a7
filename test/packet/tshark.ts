/** tshark's field tables beside the corpus captures, and our packets in the same columns. */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { formatIp } from '../../src/net/ip.ts';
import { formatMac } from '../../src/net/mac.ts';
import type { IpLayer, Packet } from '../../src/packet/packet.ts';

export type Row = Readonly<Record<string, string>>;

/** Tab-separated values with a header line, quotes being ordinary characters. */
export function readTable(path: string): Row[] {
  const bytes = readFileSync(path);
  const text = (path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
  const [head = '', ...lines] = text.split('\n');
  const names = head.split('\t');
  return lines
    .filter((line) => line !== '')
    .map((line) => {
      const cells = line.split('\t');
      return Object.fromEntries(names.map((name, index) => [name, cells[index] ?? '']));
    });
}

/** A packet, what it quotes and what it carries, outside first. */
export function flatten(packet: Packet): Packet[] {
  const quoted = packet.icmp?.quoted;
  return [packet, ...(quoted ? flatten(quoted) : []), ...packet.inner.flatMap(flatten)];
}

function hex(value: number, digits: number): string {
  return `0x${value.toString(16).padStart(digits, '0')}`;
}

type Ours = Readonly<Record<string, string>>;

/** Of each field the first occurrence, as tshark's table has it; '' where the packet has none. */
export function columns(packet: Packet): Ours {
  const all = flatten(packet);
  const first = <T>(pick: (one: Packet) => T | undefined): T | undefined => {
    for (const one of all) {
      const value = pick(one);
      if (value !== undefined) return value;
    }
    return undefined;
  };
  const text = (value: string | number | undefined): string => (value === undefined ? '' : String(value));
  const family = (wanted: 4 | 6): IpLayer | undefined =>
    first((one) => (one.ip?.family === wanted ? one.ip : undefined));
  const ip = family(4);
  const ip6 = family(6);
  const ether = first((one) => (one.ether?.destination === undefined ? undefined : one.ether));
  const tcp = first((one) => one.tcp);
  const udp = first((one) => one.udp);
  const ports = (protocol: number): { source: number; destination: number } | undefined =>
    first((one) => (one.ip?.protocol === protocol ? one.ports : undefined));
  const icmp = first((one) => (one.ip?.protocol === 1 ? one.icmp : undefined));
  const icmp6 = first((one) => (one.ip?.protocol === 58 ? one.icmp : undefined));
  const arp = first((one) => one.arp);
  const sctp = ports(132);
  return {
    'eth.src': ether?.source === undefined ? '' : formatMac(ether.source),
    'eth.dst': ether?.destination === undefined ? '' : formatMac(ether.destination),
    'eth.type': ether && ether.type >= 0x600 ? hex(ether.type, 4) : '',
    'vlan.id': text(first((one) => one.vlans[0])),
    'ip.src': ip ? formatIp(ip.source) : '',
    'ip.dst': ip ? formatIp(ip.destination) : '',
    'ip.proto': text(ip?.protocol),
    'ip.len': text(ip?.length),
    'ip.id': ip?.id === undefined ? '' : hex(ip.id, 4),
    'ip.frag_offset': text(ip?.fragmentOffset),
    'ip.ttl': text(ip?.ttl),
    'ip.dsfield': ip ? hex(ip.tos, 2) : '',
    'ipv6.src': ip6 ? formatIp(ip6.source) : '',
    'ipv6.dst': ip6 ? formatIp(ip6.destination) : '',
    'ipv6.plen': ip6 ? text(ip6.length - 40) : '',
    'ipv6.hlim': text(ip6?.ttl),
    'tcp.srcport': text(tcp?.sourcePort ?? ports(6)?.source),
    'tcp.dstport': text(tcp?.destinationPort ?? ports(6)?.destination),
    'tcp.flags': tcp ? hex(tcp.flags, 4) : '',
    'tcp.seq_raw': text(tcp?.sequence),
    'tcp.ack_raw': text(tcp?.acknowledgement),
    'tcp.window_size_value': text(tcp?.window),
    'tcp.len': text(tcp?.payload),
    'udp.srcport': text(udp?.sourcePort ?? ports(17)?.source),
    'udp.dstport': text(udp?.destinationPort ?? ports(17)?.destination),
    'udp.length': text(udp?.length),
    'sctp.srcport': text(sctp?.source),
    'sctp.dstport': text(sctp?.destination),
    'icmp.type': text(icmp?.type),
    'icmp.code': text(icmp?.code),
    'icmpv6.type': text(icmp6?.type),
    'icmpv6.code': text(icmp6?.code),
    'arp.opcode': text(arp?.operation),
    'arp.src.proto_ipv4': arp ? formatIp(arp.senderIp) : '',
    'arp.dst.proto_ipv4': arp ? formatIp(arp.targetIp) : '',
  };
}
