/** A gateway with an office behind it, as files of a bundle; and captures of any length. */
import { pcapWriter } from '../../src/capture/pcap-writer.ts';
import { capture } from '../support/frames.ts';

export const RULES = `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i lan0 -p tcp -m tcp --dport 443 -j ACCEPT
-A FORWARD -i lan0 -p tcp -m tcp --dport 25 -j REJECT --reject-with tcp-reset
-A FORWARD -i wlan0 -p udp -m udp --dport 53 -j ACCEPT
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -o wan0 -j MASQUERADE
COMMIT
`;

export const STATE = `$ ip -br addr
wan0  UP  203.0.113.2/24
lan0  UP  192.168.30.1/24
$ ip route
default via 203.0.113.1 dev wan0
192.168.30.0/24 dev lan0 proto kernel scope link src 192.168.30.1
203.0.113.0/24 dev wan0 proto kernel scope link src 203.0.113.2
$ sysctl net.ipv4.ip_forward
net.ipv4.ip_forward = 1
`;

export const GATEWAY = { 'rules.v4': RULES, 'state.txt': STATE };

const SYN = { sourcePort: 20000, destinationPort: 80, tcpFlags: 2 };
const SYN_ACK = { sourcePort: 80, destinationPort: 20000, tcpFlags: 18, tcpAcknowledgement: 1 };
const ACK = { ...SYN, tcpFlags: 16, tcpSequence: 1, tcpAcknowledgement: 1 };
/** Where Ethernet, and IPv4 in it, have their fields. */
const [SOURCE, DESTINATION, SOURCE_PORT, DESTINATION_PORT, SEQUENCE, ACKNOWLEDGEMENT] = [
  26, 30, 34, 36, 38, 42,
];

/** Each client sends three packets, a second long, or one that is answered, unless its number is divisible by seven. Checksums are nobody's. `trailer`: bytes behind each packet. */
export function captureOf(clients: number, server = '10.9.0.1', trailer = 0): Uint8Array {
  const [from, to] = ['10.1.0.0', server];
  const asking = capture({ from, to, ...SYN }, { from, to, ...SYN, at: 0.3 }, { from, to, ...SYN, at: 0.9 });
  const answered = capture(
    { from, to, ...SYN },
    { from: to, to: from, ...SYN_ACK, at: 0.001 },
    { from, to, ...ACK, at: 0.002 },
  );
  const parts: Uint8Array[] = [];
  const write = pcapWriter((bytes) => parts.push(bytes), { linkType: 1 });
  for (let client = 0; client < clients; client++) {
    for (const [index, frame] of (client % 7 === 0 ? asking : answered).entries()) {
      const bytes = new Uint8Array(frame.bytes.length + trailer);
      bytes.set(frame.bytes);
      const isBack = client % 7 !== 0 && index === 1;
      const view = new DataView(bytes.buffer);
      view.setUint16((isBack ? DESTINATION : SOURCE) + 2, client & 0xffff);
      view.setUint16(isBack ? DESTINATION_PORT : SOURCE_PORT, 20_000 + (client % 30_000));
      // Otherwise one packet would have been seen many times, translated.
      const begun = (client + 1) * 100_000 + view.getUint8((isBack ? SOURCE : DESTINATION) + 3) * 1000;
      view.setUint32(SEQUENCE, begun + view.getUint32(SEQUENCE));
      if (view.getUint32(ACKNOWLEDGEMENT) > 0) view.setUint32(ACKNOWLEDGEMENT, begun + 1);
      write({ ...frame, bytes, length: bytes.length, seconds: frame.seconds + Math.floor(client / 1000) });
    }
  }
  return Buffer.concat(parts);
}
