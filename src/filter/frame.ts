/** Whether a frame is asked for, without an object for each of the packets that traffic mostly consists of. */
import type { Frame } from '../capture/frame.ts';
import type { Ip } from '../net/ip.ts';
import { PROTOCOL } from '../net/protocol.ts';
import { dissect } from '../packet/dissect.ts';
import { PlainPacket } from '../packet/plain/packet.ts';
import { ARP_PROTOCOL } from './filter.ts';
import type { Test } from './match.ts';
import { packetSubject } from './packet.ts';

const PROTOCOLS = {
  arp: ARP_PROTOCOL,
  tcp: PROTOCOL.tcp,
  udp: PROTOCOL.udp,
  icmp: PROTOCOL.icmp,
  icmpv6: PROTOCOL['ipv6-icmp'],
} as const;

/** One packet's at a time. */
export function frameTest(test: Test): (frame: Frame) => boolean {
  const plain = new PlainPacket();
  const client = { address: 0 as Ip, port: 0 };
  const server = { address: 0 as Ip, port: 0 };
  const face = { protocol: 0, client, server };
  const subject = { faces: [face], start: 0, end: 0 };
  return (frame) => {
    if (!plain.read(frame)) return test(packetSubject(dissect(frame)));
    const { view, network, transport, upper } = plain;
    const ported = upper === 'tcp' || upper === 'udp';
    face.protocol = PROTOCOLS[upper];
    const at =
      upper === 'arp' ? network + ARP_SENDER : network + (plain.family === 4 ? IPV4_SOURCE : IPV6_SOURCE);
    const six = upper !== 'arp' && plain.family === 6;
    client.address = six ? address6(view, at) : view.getUint32(at);
    server.address = six ? address6(view, at + 16) : view.getUint32(at + (upper === 'arp' ? ARP_STEP : 4));
    client.port = ported ? view.getUint16(transport) : -1;
    server.port = ported ? view.getUint16(transport + 2) : -1;
    subject.start = frame.seconds + frame.nanoseconds / 1e9;
    subject.end = subject.start;
    return test(subject);
  };
}

/** RFC 826: the sender's IP address, and from there to the target's. */
const ARP_SENDER = 14;
const ARP_STEP = 10;
const IPV4_SOURCE = 12;
const IPV6_SOURCE = 8;

function address6(view: DataView, at: number): bigint {
  return (view.getBigUint64(at) << 64n) | view.getBigUint64(at + 8);
}
