/** IPv4 and IPv6 headers field by field. */
import { Ipv4 } from '../header/ipv4.ts';
import { Ipv6 } from '../header/ipv6.ts';
import { walkIpv6 } from '../header/ipv6-chain.ts';
import { formatIp } from '../net/ip.ts';
import { protocolName } from '../net/protocol.ts';
import { bitField, field, hexField, type LayerField } from './layer.ts';
import type { IpLayer } from './packet.ts';

/** `view`: the frame; `end`: behind the last byte of it that is there. */
export function ipFields(ip: IpLayer, view: DataView, end: number): LayerField[] {
  return ip.family === 4 ? ipv4Fields(ip, new Ipv4(view, ip.offset), end) : ipv6Fields(ip, view, end);
}

function ipv4Fields(ip: IpLayer, header: Ipv4, end: number): LayerField[] {
  const { headerLength } = header;
  const isWhole = header.check(end) === undefined;
  const sum = isWhole ? (header.checksumRight ? 'right' : 'wrong') : undefined;
  return [
    field('header length', 'ip.hdr_len', headerLength, headerLength > 20 ? 'with options' : undefined),
    field('DSCP', 'ip.dsfield.dscp', header.tos >> 2),
    field('ECN', 'ip.dsfield.ecn', header.tos & 3, ECN[header.tos & 3]),
    field('total length', 'ip.len', header.totalLength, header.totalLength === 0 ? OFFLOADED : undefined),
    hexField('identification', 'ip.id', header.id, 4),
    bitField("don't fragment", 'ip.flags.df', header.dontFragment),
    bitField('more fragments', 'ip.flags.mf', header.moreFragments),
    field('fragment offset', 'ip.frag_offset', header.fragmentOffset / 8, atByte(header.fragmentOffset)),
    field('time to live', 'ip.ttl', header.ttl),
    field('protocol', 'ip.proto', header.protocol, nameOf(header.protocol)),
    hexField('checksum', 'ip.checksum', header.checksum, 4, sum),
    field('source', 'ip.src', formatIp(ip.source)),
    field('destination', 'ip.dst', formatIp(ip.destination)),
  ];
}

const ECN = ['not capable', 'ECT(1)', 'ECT(0)', 'congestion experienced'];
/** The sending host captured it before its network card cut it up. */
const OFFLOADED = 'segmentation was left to the network card';

function ipv6Fields(ip: IpLayer, view: DataView, end: number): LayerField[] {
  const header = new Ipv6(view, ip.offset);
  const { trafficClass, payloadLength, nextHeader } = header;
  const chain = walkIpv6(header, end);
  return [
    field('DSCP', 'ipv6.tclass.dscp', trafficClass >> 2),
    field('ECN', 'ipv6.tclass.ecn', trafficClass & 3, ECN[trafficClass & 3]),
    hexField('flow label', 'ipv6.flow', header.flowLabel, 5),
    field('payload length', 'ipv6.plen', payloadLength),
    field('next header', 'ipv6.nxt', nextHeader, EXTENSIONS[nextHeader] ?? nameOf(nextHeader)),
    field('hop limit', 'ipv6.hlim', header.hopLimit),
    field('source', 'ipv6.src', formatIp(ip.source)),
    field('destination', 'ipv6.dst', formatIp(ip.destination)),
    ...chain.headers.map(({ protocol, length }) => ({
      name: 'extension',
      value: EXTENSIONS[protocol] ?? String(protocol),
      note: `${length} bytes`,
    })),
    ...(chain.fragment
      ? [
          field(
            'fragment offset',
            'ipv6.fraghdr.offset',
            chain.fragmentOffset / 8,
            atByte(chain.fragmentOffset),
          ),
          bitField('more fragments', 'ipv6.fraghdr.more', chain.moreFragments),
          hexField('identification', 'ipv6.fraghdr.ident', chain.id, 8),
        ]
      : []),
  ];
}

const EXTENSIONS: Readonly<Record<number, string>> = {
  0: 'hop-by-hop options',
  43: 'routing',
  44: 'fragment',
  51: 'authentication',
  59: 'nothing',
  60: 'destination options',
};

/** The headers count in eights. */
function atByte(offset: number): string | undefined {
  return offset === 0 ? undefined : `at byte ${offset}`;
}

function nameOf(protocol: number): string | undefined {
  const name = protocolName(protocol);
  return name === String(protocol) ? undefined : name;
}
