/** UDP: `UDP, length 5`, and everything that a printer of its payload writes in its place. */

import { UNSAID } from '../capture/frame.ts';
import { PROTOCOL } from '../net/protocol.ts';
import { readDns } from './dns.ts';
import { firstLine, type Upper } from './reading.ts';
import type { Carried } from './tunnel.ts';

const SUM =
  /^\s*\[(?:udp sum ok|no cksum|bad udp cksum (?:0x)?([0-9a-f]{1,4})(?: ->? (?:0x)?[0-9a-f]+!?)?)\]\s*/;
/** Printers that end with the payload's length. */
const TOLD = /^(?:NTPv\d|BOOTP\/DHCP|RADIUS|SYSLOG|UDP-encap|VRRP|BFD|RIPv|OLSR|HSRP|MPLS|TFTP|isakmp)/;

export interface UdpEnds {
  readonly sourcePort: number;
  readonly destinationPort: number;
}

/** `said`: bytes of the datagram by the IP header; `inner`: the packet that a tunnel carries, with the tunnel's own header. */
export function readUdp(
  text: string,
  { sourcePort, destinationPort }: UdpEnds,
  said: number | undefined,
  inner: Carried | undefined,
): Upper {
  const line = firstLine(text);
  const sum = SUM.exec(line);
  const words = line.slice(sum?.[0].length ?? 0).trimStart();
  const told = payloadLength(words);
  const payload = inner?.bytes ?? (told === undefined || !/^UDP,/.test(words) ? readDns(words) : undefined);
  const known = told ?? inner?.length ?? (said === undefined ? undefined : said - 8);
  const whole = known ?? payload?.length ?? 0;
  const shown = payload?.subarray(0, Math.max(0, whole)) ?? new Uint8Array();
  const bytes = new Uint8Array(8 + shown.length);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, sourcePort);
  view.setUint16(2, destinationPort);
  view.setUint16(4, 8 + whole);
  if (sum?.[1] !== undefined) view.setUint16(6, Number.parseInt(sum[1], 16));
  bytes.set(shown, 8);
  return {
    protocol: PROTOCOL.udp,
    bytes,
    length: said ?? 8 + whole,
    ...(sum?.[1] === undefined && !line.includes('[no cksum]') && { checksumAt: 6 }),
    unsaid: (said === undefined && known === undefined ? UNSAID.length : 0) | (inner?.unsaid ?? 0),
  };
}

function payloadLength(words: string): number | undefined {
  const plain = /^(?:UDP, (?:bad )?length|udp) (\d{1,5})/.exec(words);
  if (plain) return Number(plain[1]);
  const dns = /\((\d{1,5})\)\s*$/.exec(words);
  if (dns && /^\d{1,5}[ *+|$%-]/.test(words)) return Number(dns[1]);
  const other = TOLD.test(words) ? /.*\blength:? (\d{1,5})\b/.exec(words) : null;
  return other ? Number(other[1]) : undefined;
}
