/** The packets of a flow over all capture points, for those flows that a finding is about. */
import type { Flow, IcmpErrorSeen, Sighting } from '../correlate/flow.ts';
import { seenErrors, seenPackets } from '../correlate/timeline.ts';
import type { AnalyzeResult } from '../diagnose/analyze.ts';
import { formatEndpoint, formatIp } from '../net/ip.ts';
import { hasPorts } from '../net/protocol.ts';
import { formatDns } from '../packet/dns.ts';
import { icmpText, icmpv6Text } from '../packet/icmp-text.ts';
import { tcpFlagText } from '../packet/summary.ts';
import type { Timeline, TimelinePacket } from './analysis.ts';

/** Packets of a flow, and flows of a finding, that have one: what somebody reads. */
const MOST_PACKETS = 40;
const FLOWS_A_FINDING = 3;

/** Ids of the flows that have a timeline. */
export function flowsWithTimeline({ findings }: Pick<AnalyzeResult, 'findings'>): ReadonlySet<number> {
  return new Set(findings.flatMap(({ flows }) => flows.slice(0, FLOWS_A_FINDING)));
}

export function timelineOf(result: AnalyzeResult, flow: Flow): Timeline | undefined {
  const packets = [
    ...seenPackets(flow).map(
      ({ direction, seen }): TimelinePacket => ({
        direction,
        text: textOf(flow, seen[0] as Sighting),
        seen: seen.flatMap((sighting) => sightingOf(result, flow, sighting)),
      }),
    ),
    ...seenErrors(flow).map(
      ({ error, seen }): TimelinePacket => ({
        direction: error.quoted === 'forward' ? 'reply' : 'forward',
        error: true,
        text: errorText(flow, error),
        seen: seen.flatMap((sighting) => sightingOf(result, flow, sighting)),
      }),
    ),
  ]
    .filter(({ seen }) => seen.length > 0)
    .toSorted((a, b) => timeOf(a) - timeOf(b));
  if (packets.length === 0) return undefined;
  const more = packets.length - MOST_PACKETS;
  return { packets: packets.slice(0, MOST_PACKETS), ...(more > 0 && { more }) };
}

function timeOf({ seen }: TimelinePacket): number {
  return seen[0]?.time ?? 0;
}

function sightingOf({ scene }: AnalyzeResult, flow: Flow, sighting: Sighting): TimelinePacket['seen'] {
  const point = scene.correlation.points[sighting.point];
  if (!point || point.traced !== undefined) return [];
  return [
    {
      capture: `${point.namespace}:${point.device ?? point.interface}`,
      path: scene.inputs.captures[point.input]?.path ?? '',
      packet: sighting.number,
      ...(sighting.line !== undefined && { line: sighting.line }),
      time: sighting.time,
      ...(point.within !== undefined && { tunnel: point.within }),
      tuple: tupleOf(flow, sighting),
      ...(sighting.ttl !== undefined && { ttl: sighting.ttl }),
    },
  ];
}

function tupleOf({ protocol }: Flow, sighting: Sighting): string {
  const { source, destination, sourcePort, destinationPort } = sighting;
  if (!hasPorts(protocol) || sighting.icmpType !== undefined)
    return `${formatIp(source)} > ${formatIp(destination)}`;
  return `${formatEndpoint(source, sourcePort)} > ${formatEndpoint(destination, destinationPort)}`;
}

const SYN = 2;
const RST = 4;
const FIN = 1;
const ACK = 16;

/** A packet in a few words: `SYN`, `RST`, `120 bytes`, `echo request 3`. */
function textOf({ protocol }: Flow, sighting: Sighting): string {
  const { tcpFlags, icmpType, icmpSequence, payload, dns, fragmentOffset } = sighting;
  if (fragmentOffset > 0) return `fragment from ${fragmentOffset}`;
  if (dns) return formatDns(dns);
  if (tcpFlags !== undefined) return tcpText(tcpFlags, payload);
  if (icmpType !== undefined) {
    const name = ECHO[icmpType] ?? `ICMP type ${icmpType}`;
    return icmpSequence === undefined ? name : `${name} ${icmpSequence}`;
  }
  return hasPorts(protocol) ? bytes(payload) : `${bytes(payload)} of protocol ${protocol}`;
}

const ECHO: Readonly<Record<number, string>> = {
  0: 'echo reply',
  8: 'echo request',
  128: 'echo request',
  129: 'echo reply',
};

function tcpText(flags: number, payload: number): string {
  const data = payload > 0 ? bytes(payload) : '';
  const kind =
    (flags & RST) !== 0
      ? 'RST'
      : (flags & SYN) !== 0
        ? (flags & ACK) !== 0
          ? 'SYN-ACK'
          : 'SYN'
        : (flags & FIN) !== 0
          ? 'FIN'
          : '';
  if (kind === '' && data === '') return flags === ACK ? 'ACK' : tcpFlagText(flags);
  return [kind, data].filter((part) => part !== '').join(', ');
}

function bytes(count: number): string {
  return `${count} byte${count === 1 ? '' : 's'}`;
}

function errorText({ family }: Flow, { type, code, from }: IcmpErrorSeen): string {
  const icmp = { type, code, checksum: 0 };
  const text = family === 4 ? icmpText(icmp) : icmpv6Text(icmp);
  return `${text} from ${formatIp(from)}`;
}
