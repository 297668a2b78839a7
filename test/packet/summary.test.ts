import { describe, expect, it } from 'vitest';
import { frameOf } from '../../src/capture/frame.ts';
import { dissect } from '../../src/packet/dissect.ts';
import { formatTime } from '../../src/packet/format-time.ts';
import { packetLine } from '../../src/packet/packet-line.ts';
import { clean, summary, tcpFlagText } from '../../src/packet/summary.ts';
import { ethernet, hex, join, packet, TCP, UDP } from './frames.ts';

const six = { source: 'fd00::1', destination: 'fd00::2' };
const arp = (operation: string, target = '0a000002'): Uint8Array =>
  ethernet('0806', hex(`0001 0800 0604 ${operation} 02000000000a 0a000001 02000000000b ${target}`));

describe('summary', () => {
  it.each([
    ['IP 10.0.0.1:40000 > 10.0.0.2:80: TCP SYN, seq 0, win 64240, mss 1460, length 0', TCP, 101],
    [
      'IP 10.0.0.1:1 > 10.0.0.2:2: TCP FIN+ACK, seq 5, ack 6, win 64240, length 3',
      packet({
        protocol: 6,
        sourcePort: 1,
        destinationPort: 2,
        tcpFlags: 0x11,
        tcpSequence: 5,
        tcpAcknowledgement: 6,
        payload: 3,
      }),
      101,
    ],
    ['IP 10.0.0.1:5000 > 10.0.0.2:6000: UDP, length 3', UDP, 101],
    [
      'IP 10.0.0.1 > 10.0.0.2: ICMP echo request, id 7, seq 2',
      packet({ protocol: 1, icmpId: 7, icmpSequence: 2 }),
      101,
    ],
    [
      'IP 10.0.0.1 > 10.0.0.2: ICMP port unreachable (about IP 10.0.0.1:5000 > 10.0.0.2:6000: UDP, length 3)',
      packet({ protocol: 1, icmpType: 3, icmpCode: 3, payload: UDP }),
      101,
    ],
    [
      'IP 10.0.0.1 > 10.0.0.2: ICMP redirect for host to 10.0.0.254',
      packet({ protocol: 1, icmpType: 5, icmpCode: 1, icmpRest: 0x0a0000fe }),
      101,
    ],
    ['IP 10.0.0.1 > 10.0.0.2: ICMP TTL time exceeded', packet({ protocol: 1, icmpType: 11 }), 101],
    ['IP 10.0.0.1 > 10.0.0.2: ICMP type 99, code 1', packet({ protocol: 1, icmpType: 99, icmpCode: 1 }), 101],
    [
      'IP6 fd00::1 > fd00::2: ICMPv6 packet too big, mtu 1280',
      packet({ ...six, protocol: 58, icmpType: 2, icmpRest: 1280 }),
      101,
    ],
    [
      'IP6 fd00::1 > fd00::2: ICMPv6 neighbour solicitation fd00::9',
      packet({ ...six, protocol: 58, icmpType: 135, payload: hex('fd000000000000000000000000000009') }),
      101,
    ],
    [
      'IP6 [fd00::1]:1 > [fd00::2]:2: SCTP INIT, length 4',
      packet({ ...six, protocol: 132, sourcePort: 1, destinationPort: 2, payload: hex('01000004') }),
      101,
    ],
    ['IP 10.0.0.1 > 10.0.0.2: ESP, length 9', packet({ protocol: 50, payload: 9 }), 101],
    ['IP 10.0.0.1 > 10.0.0.2: protocol 253, length 0', packet({ protocol: 253 }), 101],
    ['ARP who has 10.0.0.2, tell 10.0.0.1', arp('0001'), 1],
    ['ARP announcement 10.0.0.1 is at 02:00:00:00:00:0a', arp('0001', '0a000001'), 1],
    ['ARP 10.0.0.1 is at 02:00:00:00:00:0a', arp('0002'), 1],
    [
      'vlan 100.10 ARP who has 10.0.0.2, tell 10.0.0.1',
      join(hex('02000000000b 02000000000a 88a8 0064 8100 000a 0806'), arp('0001').subarray(14)),
      1,
    ],
    ['02:00:00:00:00:0a > 02:00:00:00:00:0b LLDP, length 15', ethernet('88cc', hex('00')), 1],
    ['02:00:00:00:00:0a > 02:00:00:00:00:0b ethertype 0x1234, length 15', ethernet('1234', hex('00')), 1],
    ['link type 195, 3 bytes', hex('010203'), 195],
    [
      'IP 10.0.0.1:9 > 10.0.0.2:4789: UDP, length 66 | vxlan 42 IP 10.0.0.1:40000 > 10.0.0.2:80: TCP SYN, seq 0, win 64240, mss 1460, length 0',
      packet({
        protocol: 17,
        sourcePort: 9,
        destinationPort: 4789,
        payload: join(hex('0800 0000 00002a00'), ethernet('0800', TCP)),
      }),
      101,
    ],
    ['link type 101, 1 bytes [IPv4 header needs 20 bytes, 1 are there]', hex('45'), 101],
  ])('%s', (line, bytes, linkType) => {
    expect(summary(dissect(frameOf(bytes, { linkType })))).toBe(line);
  });

  it('of a fragment', () => {
    const bytes = UDP.slice();
    bytes.set(hex('0007 2000'), 4);
    expect(summary(dissect(frameOf(bytes, { linkType: 101 })))).toBe(
      'IP 10.0.0.1:5000 > 10.0.0.2:6000: UDP, length 3, fragment 7 at 0, more follow',
    );
  });

  it('escapes what a terminal would obey', () => {
    expect(clean('a\u001b[31m\u009b\u202eb\n')).toBe('a\\u001b[31m\\u009b\\u202eb\\u000a');
  });

  it('names TCP flags', () => {
    expect([0, 2, 0x12, 0x29, 0x1ff].map(tcpFlagText)).toEqual([
      'none',
      'SYN',
      'SYN+ACK',
      'FIN+PSH+URG',
      'SYN+FIN+RST+PSH+ACK+URG+ECE+CWR+NS',
    ]);
  });
});

describe('packetLine', () => {
  it('has the fields of the packet and no others', () => {
    const frame = frameOf(ethernet('8100', join(hex('000a 0800'), TCP)), {
      number: 7,
      seconds: 5,
      nanoseconds: 60,
    });
    expect(packetLine(dissect(frame), 'a.pcap')).toEqual({
      file: 'a.pcap',
      number: 7,
      time: '5.000000060',
      length: 62,
      captured: 62,
      linkType: 1,
      etherSource: '02:00:00:00:00:0a',
      etherDestination: '02:00:00:00:00:0b',
      etherType: 0x8100,
      vlans: [10],
      source: '10.0.0.1',
      destination: '10.0.0.2',
      protocol: 6,
      ttl: 64,
      id: 0,
      fragmentOffset: 0,
      moreFragments: false,
      sourcePort: 40000,
      destinationPort: 80,
      tcpFlags: 2,
      tcpSequence: 0,
      tcpAcknowledgement: 0,
      summary: 'vlan 10 IP 10.0.0.1:40000 > 10.0.0.2:80: TCP SYN, seq 0, win 64240, mss 1460, length 0',
    });
  });

  it('shows what is quoted, and what is tunnelled', () => {
    const error = packet({ protocol: 1, icmpType: 3, icmpCode: 3, payload: UDP });
    expect(packetLine(dissect(frameOf(error, { linkType: 101 })), 'x')).toMatchObject({
      icmpType: 3,
      icmpCode: 3,
      inner: [{ sourcePort: 5000, destinationPort: 6000, protocol: 17 }],
    });
    const tunnel = packet({ ...six, protocol: 4, payload: UDP });
    expect(packetLine(dissect(frameOf(tunnel, { linkType: 101 })), 'x')).toMatchObject({
      source: 'fd00::1',
      protocol: 4,
      inner: [{ source: '10.0.0.1', sourcePort: 5000 }],
    });
  });

  it('shows ARP and what is wrong', () => {
    expect(packetLine(dissect(frameOf(arp('0002'))), 'x')).toMatchObject({
      arpOperation: 2,
      source: '10.0.0.1',
    });
    expect(packetLine(dissect(frameOf(hex('0102'))), 'x').error).toEqual({
      layer: 'ethernet',
      text: 'Ethernet header needs 14 bytes, 2 are there',
    });
  });

  it.each([
    [0, 0, '0.000000000'],
    [1_700_000_000, 123_456_789, '1700000000.123456789'],
    [2 ** 53 - 1, 1, '9007199254740991.000000001'],
    [-1, 500_000_000, '-0.500000000'],
    [-2, 0, '-2.000000000'],
    [-2, 999_999_999, '-1.000000001'],
    [2 ** 62, 0, '4611686018427387904.000000000'],
  ])('writes %i s and %i ns as %s', (seconds, nanoseconds, text) => {
    expect(formatTime(seconds, nanoseconds)).toBe(text);
  });
});
