/** What is behind an IP header, field by field: TCP, UDP, ICMP, and DNS in them. */
import { SCTP_CHUNK } from '../header/sctp.ts';
import { TCPOPT, Tcp } from '../header/tcp.ts';
import { formatIp } from '../net/ip.ts';
import { type DnsMessage, dnsRcodeName, dnsTypeName } from './dns.ts';
import { icmpText, icmpv6Text } from './icmp-text.ts';
import { bitField, field, hexField, type LayerField } from './layer.ts';
import type { IcmpLayer, IpLayer, PortsLayer, TcpLayer, UdpLayer } from './packet.ts';
import { tcpFlagText } from './summary.ts';

/** `end`: behind the last byte that is there. */
export function tcpFields(tcp: TcpLayer, ip: IpLayer, view: DataView, end: number): LayerField[] {
  const header = new Tcp(view, ip.transport);
  return [
    field('source port', 'tcp.srcport', tcp.sourcePort),
    field('destination port', 'tcp.dstport', tcp.destinationPort),
    field('sequence number', 'tcp.seq_raw', tcp.sequence),
    field('acknowledgement', 'tcp.ack_raw', tcp.acknowledgement),
    field('header length', 'tcp.hdr_len', header.headerLength),
    hexField('flags', 'tcp.flags', tcp.flags, 4, tcpFlagText(tcp.flags)),
    ...(tcp.window < 0 ? [] : [field('window', 'tcp.window_size_value', tcp.window)]),
    ...(tcp.checksum < 0 ? [] : [hexField('checksum', 'tcp.checksum', tcp.checksum, 4)]),
    ...(header.check(end) ? [] : [field('urgent pointer', 'tcp.urgent_pointer', header.urgent)]),
    ...(header.check(end) ? [] : optionFields(header)),
    field('data', 'tcp.len', tcp.payload, 'bytes'),
  ];
}

function optionFields(header: Tcp): LayerField[] {
  const { view } = header;
  const fields: LayerField[] = [];
  header.options((kind, at, length) => {
    if (kind === TCPOPT.mss && length === 4)
      fields.push(field('option MSS', 'tcp.options.mss_val', view.getUint16(at + 2)));
    else if (kind === TCPOPT.windowScale && length === 3) {
      const shift = view.getUint8(at + 2);
      fields.push(field('option window scale', 'tcp.options.wscale.shift', shift, `× ${2 ** shift}`));
    } else if (kind === TCPOPT.sackPermitted) fields.push({ name: 'option', value: 'SACK permitted' });
    else if (kind === TCPOPT.timestamp && length === 10)
      fields.push(
        field('option timestamp', 'tcp.options.timestamp.tsval', view.getUint32(at + 2)),
        field('option echo', 'tcp.options.timestamp.tsecr', view.getUint32(at + 6)),
      );
    else if (kind === TCPOPT.sack)
      for (let edge = at + 2; edge + 8 <= at + length; edge += 8)
        fields.push(
          field('option SACK from', 'tcp.options.sack_le', view.getUint32(edge)),
          field('option SACK to', 'tcp.options.sack_re', view.getUint32(edge + 4)),
        );
    else fields.push({ name: 'option', value: `kind ${kind}`, note: `${length} bytes` });
  });
  return fields;
}

export function udpFields({ sourcePort, destinationPort, length, checksum }: UdpLayer): LayerField[] {
  return [
    field('source port', 'udp.srcport', sourcePort),
    field('destination port', 'udp.dstport', destinationPort),
    field('length', 'udp.length', length),
    hexField('checksum', 'udp.checksum', checksum, 4, checksum === 0 ? 'none' : undefined),
  ];
}

/** `protocol`: as Wireshark calls it. */
export function portFields({ source, destination, chunk }: PortsLayer, protocol: string): LayerField[] {
  return [
    field('source port', `${protocol}.srcport`, source),
    field('destination port', `${protocol}.dstport`, destination),
    ...(chunk === undefined
      ? []
      : [field('first chunk', `${protocol}.chunk_type`, chunk, SCTP_CHUNK[chunk])]),
  ];
}

export function icmpFields(icmp: IcmpLayer, isSix: boolean): LayerField[] {
  const name = isSix ? 'icmpv6' : 'icmp';
  const { type, code, checksum, id, sequence, mtu, gateway, target } = icmp;
  return [
    field('type', `${name}.type`, type, isSix ? icmpv6Text(icmp) : icmpText(icmp)),
    field('code', `${name}.code`, code),
    hexField('checksum', `${name}.checksum`, checksum, 4),
    ...(id === undefined ? [] : [field('identifier', isSix ? 'icmpv6.echo.identifier' : 'icmp.ident', id)]),
    ...(sequence === undefined
      ? []
      : [field('sequence', isSix ? 'icmpv6.echo.sequence_number' : 'icmp.seq', sequence)]),
    ...(mtu === undefined ? [] : [field('MTU of the next hop', `${name}.mtu`, mtu)]),
    ...(gateway === undefined ? [] : [field('gateway', 'icmp.redir_gw', formatIp(gateway))]),
    ...(target === undefined ? [] : [{ name: 'target', value: formatIp(target) }]),
  ];
}

export function dnsFields(dns: DnsMessage): LayerField[] {
  return [
    hexField('id', 'dns.id', dns.id, 4),
    bitField('response', 'dns.flags.response', dns.response),
    field('operation', 'dns.flags.opcode', dns.opcode),
    bitField('truncated', 'dns.flags.truncated', dns.truncated),
    bitField('recursion desired', 'dns.flags.recdesired', dns.recursionDesired),
    ...(dns.response ? [field('status', 'dns.flags.rcode', dns.rcode, dnsRcodeName(dns.rcode))] : []),
    ...dns.questions.flatMap(({ name, type }) => [
      field('asked for', 'dns.qry.name', name),
      field('of type', 'dns.qry.type', type, dnsTypeName(type)),
    ]),
    ...dns.answers.map(({ name, type, ttl, address, target }) => ({
      name: 'answer',
      value: `${name} ${dnsTypeName(type)} ${address === undefined ? (target ?? '…') : formatIp(address)}`,
      note: `for ${ttl} s`,
    })),
    ...(dns.incomplete ? [{ name: 'answer', value: '…', note: 'the rest is not there' }] : []),
  ];
}
