/** The list of packets, and one of them in detail. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Finding } from '../../src/diagnose/finding.ts';
import { flowChoice } from '../../src/live/packet-choice.ts';
import { packetDetailPane } from '../../src/tui/panes/packet-detail.ts';
import { packetsPane } from '../../src/tui/panes/packets.ts';
import { Panes } from '../../src/tui/panes/panes.ts';
import { INITIAL } from '../../src/tui/state.ts';
import { ethernet, hex, packet } from '../packet/frames.ts';
import { frames } from '../packet/plain-frames.ts';
import { expectFitting, linesOf, liveFlow, packetsAt, point, room, screenData } from './screen-data.ts';

const CLIENT = { source: '10.0.0.1', destination: '8.8.8.8' };
const NATTED = { source: '192.0.2.10', destination: '8.8.8.8' };
const SYN = { protocol: 6, sourcePort: 40000, destinationPort: 53, tcpFlags: 2, tcpSequence: 7 };
const OTHER = packet({ protocol: 17, sourcePort: 5000, destinationPort: 6000, payload: 3 });
const ERROR = packet({
  ...{ source: '192.0.2.1', destination: '10.0.0.1' },
  ...{ protocol: 1, icmpType: 3, icmpCode: 13, payload: packet({ ...CLIENT, ...SYN }) },
});
const ARP = hex('0001 0800 06 04 0001 02000000000a 0a000001 000000000000 0a0000fe');

const FINDING = { cause: 'fwd-policy-drop', title: 'the policy of FORWARD drops it' } as Finding;
const DROPPED = liveFlow(
  {
    status: 'dropped',
    server: { address: '8.8.8.8', port: 53 },
    sightings: [
      { capture: 'host:br0', packets: 2, direction: 'forward', tuple: '10.0.0.1:40000 > 8.8.8.8:53' },
      { capture: 'host:eth0', packets: 1, direction: 'forward', tuple: '192.0.2.10:40000 > 8.8.8.8:53' },
    ],
  },
  [FINDING],
);

const DATA = screenData({
  points: [point('host:br0'), point('host:eth0')],
  flows: [DROPPED],
  packets: packetsAt([
    ['host:br0', 0, ethernet('0806', ARP)],
    ['host:br0', 20, ethernet('0800', packet({ ...CLIENT, ...SYN }))],
    ['host:br0', 1020, ethernet('0800', packet({ ...CLIENT, ...SYN }))],
    ['host:eth0', 21, ethernet('0800', packet({ ...NATTED, ...SYN }))],
    ['host:eth0', 500, ethernet('0800', OTHER)],
    ['host:br0', 1500, ethernet('0800', ERROR)],
  ]),
});

describe('the list of packets', () => {
  it('has all points in order of time, at 80 columns', () => {
    const pane = packetsPane(DATA, room(80));
    expect(pane.title).toBe('all points');
    expect(linesOf(pane)).toEqual([
      'time (UTC)     at        packet',
      '10:00:00.000   host:br0  ARP who has 10.0.0.254, tell 10.0.0.1',
      '10:00:00.020 ✗ host:br0  IP 10.0.0.1:40000 > 8.8.8.8:53: TCP SYN, seq 7, win 64…',
      '10:00:00.021 ✗ host:eth0 IP 192.0.2.10:40000 > 8.8.8.8:53: TCP SYN, seq 7, win …',
      '10:00:00.500   host:eth0 IP 10.0.0.1:5000 > 10.0.0.2:6000: UDP, length 3',
      '10:00:01.020 ✗ host:br0  IP 10.0.0.1:40000 > 8.8.8.8:53: TCP SYN, seq 7, win 64…',
      '10:00:01.500 ✗ host:br0  IP 192.0.2.1 > 10.0.0.1: ICMP administratively prohibi…',
    ]);
  });

  it('says what became of their flows, at 200 columns', () => {
    expect(linesOf(packetsPane(DATA, room(200)))).toEqual([
      'time (UTC)     at        its flow                           packet',
      '10:00:00.000   host:br0                                     ARP who has 10.0.0.254, tell 10.0.0.1',
      '10:00:00.020 ✗ host:br0  fwd-policy-drop                    IP 10.0.0.1:40000 > 8.8.8.8:53: TCP SYN, seq 7, win 64240, length 0',
      '10:00:00.021 ✗ host:eth0 fwd-policy-drop                    IP 192.0.2.10:40000 > 8.8.8.8:53: TCP SYN, seq 7, win 64240, length 0',
      '10:00:00.500   host:eth0                                    IP 10.0.0.1:5000 > 10.0.0.2:6000: UDP, length 3',
      '10:00:01.020 ✗ host:br0  fwd-policy-drop                    IP 10.0.0.1:40000 > 8.8.8.8:53: TCP SYN, seq 7, win 64240, length 0',
      '10:00:01.500 ✗ host:br0  fwd-policy-drop                    IP 192.0.2.1 > 10.0.0.1: ICMP administratively prohibited (about IP 10.0.0.1:40000 > 8.8.8.8:53: TCP SYN, seq 7, win 64240, length 0)',
    ]);
  });

  it('has those of one flow, as every point saw it, and errors about it', () => {
    const pane = packetsPane(DATA, room(80), flowChoice(DROPPED));
    expect(pane.title).toBe('tcp 10.0.0.1:40000 → 8.8.8.8:53');
    expect(linesOf(pane).slice(1)).toEqual([
      '10:00:00.020 ✗ host:br0  IP 10.0.0.1:40000 > 8.8.8.8:53: TCP SYN, seq 7, win 64…',
      '10:00:00.021 ✗ host:eth0 IP 192.0.2.10:40000 > 8.8.8.8:53: TCP SYN, seq 7, win …',
      '10:00:01.020 ✗ host:br0  IP 10.0.0.1:40000 > 8.8.8.8:53: TCP SYN, seq 7, win 64…',
      '10:00:01.500 ✗ host:br0  IP 192.0.2.1 > 10.0.0.1: ICMP administratively prohibi…',
    ]);
  });

  it.each([
    ['udp', 'udp', 1],
    ['icmp or arp', 'icmp or arp', 2],
    // An error is about what it quotes, too.
    ['dst port 53', 'dst port 53', 4],
    ['words of flows', 'all points', 6],
    ['', 'all points', 6],
  ])('has those of a filter: %s', (filter, title, rows) => {
    const pane = new Panes(DATA, { ...INITIAL, filter }, () => room(80)).list('packets');
    expect([pane.title, pane.rows]).toEqual([title, rows]);
  });

  it('of a flow that failed until a moment has the later ones as good', () => {
    const flow = { ...DROPPED, flow: { ...DROPPED.flow, failing: { until: 0, sightings: [] } } };
    const pane = packetsPane({ ...DATA, flows: [flow] }, room(80));
    expect(pane.row(1)).toContain(' ✓ ');
  });

  it('finds rows by their keys', () => {
    const pane = packetsPane(DATA, room(80));
    for (let row = 0; row < pane.rows; row++) expect(pane.rowOf?.(pane.keyOf?.(row) ?? '')).toBe(row);
  });

  it('says that there is none', () => {
    expect(packetsPane(screenData(), room(80)).empty).toBe('No packet has come yet.');
    expect(packetsPane(screenData(), room(80), flowChoice(DROPPED)).empty).toBe(
      'No packet is kept of tcp 10.0.0.1:40000 → 8.8.8.8:53.',
    );
  });
});

describe('a packet in detail', () => {
  const list = DATA.packets.list();

  it('has headers and bytes, at 80 columns', () => {
    const pane = packetDetailPane(list.at(1), room(80));
    expect(linesOf(pane)).toEqual([
      '2026-01-01 10:00:00.020000 UTC at host:br0',
      'Frame',
      '  on the wire        54 bytes',
      '  captured           54',
      'Ethernet',
      '  destination        02:00:00:00:00:0b',
      '  source             02:00:00:00:00:0a',
      '  type               0x0800 IPv4',
      'IPv4',
      '  header length      20',
      '  DSCP               0',
      '  ECN                0 not capable',
      '  total length       40',
      '  identification     0x0000',
      "  don't fragment     1 yes",
      '  more fragments     0 no',
      '  fragment offset    0',
      '  time to live       64',
      '  protocol           6 tcp',
      '  checksum           0x20c0 right',
      '  source             10.0.0.1',
      '  destination        8.8.8.8',
      'TCP',
      '  source port        40000',
      '  destination port   53',
      '  sequence number    7',
      '  acknowledgement    0',
      '  header length      20',
      '  flags              0x0002 SYN',
      '  window             64240',
      '  checksum           0xfe64',
      '  urgent pointer     0',
      '  data               0 bytes',
      '',
      '0000  02 00 00 00 00 0b 02 00  00 00 00 0a 08 00 45 00  ..............E.',
      '0010  00 28 00 00 40 00 40 06  20 c0 0a 00 00 01 08 08  .(..@.@. .......',
      '0020  08 08 9c 40 00 35 00 00  00 07 00 00 00 00 50 02  ...@.5........P.',
      '0030  fa f0 fe 64 00 00                                 ...d..',
    ]);
  });

  it('has fields as Wireshark calls them, at 200 columns', () => {
    const lines = linesOf(packetDetailPane(list.at(1), room(200)));
    expect(lines.filter((line) => /tcp\.|ip\.ttl/.test(line))).toEqual([
      '  time to live       64                                          ip.ttl',
      '  source port        40000                                       tcp.srcport',
      '  destination port   53                                          tcp.dstport',
      '  sequence number    7                                           tcp.seq_raw',
      '  acknowledgement    0                                           tcp.ack_raw',
      '  header length      20                                          tcp.hdr_len',
      '  flags              0x0002 SYN                                  tcp.flags',
      '  window             64240                                       tcp.window_size_value',
      '  checksum           0xfe64                                      tcp.checksum',
      '  urgent pointer     0                                           tcp.urgent_pointer',
      '  data               0 bytes                                     tcp.len',
    ]);
  });

  it('says when none is chosen', () => {
    expect(packetDetailPane(undefined, room(80)).empty).toBe('No packet is chosen.');
  });
});

describe('whatever comes, and however wide the pane', () => {
  const EVIL = 'h\x1b]0;x\x07o\u202est\n:宽\u200b\x9b2J';

  it.each(['list', 'detail'] as const)('the %s stays in its columns and drives no terminal', (which) => {
    fc.assert(
      fc.property(
        fc.array(frames, { minLength: 1, maxLength: 5 }),
        fc.integer({ min: 2, max: 220 }),
        fc.constantFrom(0, 8, 256),
        fc.constantFrom(EVIL, 'host:br0', '宽宽宽宽宽宽宽宽宽宽宽宽:eth0'),
        (all, width, colors, name) => {
          const data = screenData({
            points: [point(name)],
            packets: packetsAt(all.map((frame, index) => [name, index, frame.bytes])),
          });
          const pane =
            which === 'list'
              ? packetsPane(data, room(width, colors))
              : packetDetailPane(data.packets.list().at(0), room(width, colors));
          expectFitting(pane, width);
        },
      ),
      { numRuns: 200 },
    );
  });
});
