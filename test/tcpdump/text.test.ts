import { describe, expect, it } from 'vitest';
import { packetLine } from '../../src/packet/packet-line.ts';
import { readTextCapture } from '../../src/tcpdump/capture.ts';
import { isTcpdumpText } from '../../src/tcpdump/recognise.ts';
import { packetsOfText } from './compare.ts';

async function linesOf(text: string) {
  return (await packetsOfText(text)).map((packet) => packetLine(packet, 'x'));
}

/** Forms of versions and systems that are not at hand, and what pasting does to a line. */
const FORMS: readonly (readonly [name: string, text: string, fields: object])[] = [
  [
    '3.x, a SYN',
    '10:00:00.123456 IP 10.0.0.1.4000 > 10.0.0.2.80: S 123:123(0) win 5840 <mss 1460,sackOK,timestamp 1 0,nop,wscale 7>',
    { source: '10.0.0.1', destinationPort: 80, tcpFlags: 2, tcpSequence: 123, length: 74 },
  ],
  [
    '3.x, an answer, with its header behind it',
    '10:00:00.123456 10.0.0.2.80 > 10.0.0.1.4000: S 77:77(0) ack 124 win 5792 <mss 1460> (DF) (ttl 64, id 7, len 44)',
    { sourcePort: 80, tcpFlags: 18, tcpSequence: 77, tcpAcknowledgement: 124, ttl: 64, id: 7, length: 58 },
  ],
  [
    '3.x, icmp',
    '10:00:00.123456 IP 10.0.0.1 > 10.0.0.2: icmp 64: echo request seq 3',
    { protocol: 1, icmpType: 8, icmpCode: 0 },
  ],
  [
    '3.x, arp',
    '10:00:00.123456 arp who-has 10.0.0.2 tell 10.0.0.1',
    { source: '10.0.0.1', destination: '10.0.0.2', arpOperation: 1 },
  ],
  [
    '3.x, link layer',
    '10:00:00.123456 0:c:29:1:2:3 0:50:56:1:2:3 ip 98: 10.0.0.1 > 10.0.0.2: icmp: echo reply (DF)',
    { etherSource: '00:0c:29:01:02:03', etherDestination: '00:50:56:01:02:03', icmpType: 0, length: 98 },
  ],
  [
    'names of services',
    '10:00:00.123456 IP 10.0.0.1.4000 > 10.0.0.2.https: Flags [S], seq 1, win 1, length 0',
    { destinationPort: 443 },
  ],
  [
    'two lines of -v',
    '10:00:00.123456 IP (tos 0x10, ttl 63, id 9, offset 0, flags [DF], proto TCP (6), length 60)\n    10.0.0.1.4000 > 10.0.0.2.22: Flags [S], cksum 0x1234 (correct), seq 9, win 64240, options [mss 1460,sackOK,TS val 1 ecr 0,nop,wscale 7], length 0',
    { ttl: 63, id: 9, destinationPort: 22, tcpFlags: 2 },
  ],
  [
    'two lines on one',
    '10:00:00.123456 IP (tos 0x10, ttl 63, id 9, offset 0, flags [DF], proto UDP (17), length 48) 10.0.0.1.4000 > 10.0.0.2.22: UDP, length 20',
    { ttl: 63, id: 9, destinationPort: 22, protocol: 17 },
  ],
  [
    'IPv6 of -v',
    '10:00:00.123456 IP6 (hlim 64, next-header TCP (6) payload length: 20) fd00::1.5 > fd00::2.80: Flags [R.], cksum 0x0 (correct), seq 0, ack 5, win 0, length 0',
    { ttl: 64, source: 'fd00::1', destinationPort: 80, tcpFlags: 20 },
  ],
  [
    'a wrapped line',
    '10:00:00.123456 IP 10.0.0.1.4000 > 10.0.0.2.80: Flags [S], seq 5, win 64240, opti\nons [mss 1460,sackOK,TS val 1 ecr 0,nop,wscale 7], length 0',
    { tcpFlags: 2, length: 74 },
  ],
  [
    'a line broken at a blank',
    '10:00:00.123456 IP 10.0.0.1.4000 > 10.0.0.2.80: Flags [S], seq 5, win 64240,\noptions [mss 1460,sackOK,TS val 1 ecr 0,nop,wscale 7], length 0',
    { tcpFlags: 2, length: 74 },
  ],
  [
    'colours, carriage returns, a quote and an interruption',
    '> ^C\u001b[32m10:00:00.123456\u001b[0m IP 10.0.0.1 > 10.0.0.2: ICMP echo request, id 1, seq 1, length 64\r',
    { icmpType: 8, length: 98 },
  ],
  [
    'an indented block',
    '    10:00:00.123456 IP 10.0.0.1 > 10.0.0.2: ICMP echo reply, id 1, seq 1, length 64',
    { icmpType: 0 },
  ],
  [
    'a mark of HTML',
    '10:00:00.123456 IP 10.0.0.1 &gt; 10.0.0.2: ICMP echo reply, id 1, seq 1, length 64',
    { icmpType: 0 },
  ],
  [
    'all interfaces',
    '10:00:00.123456 veth0 Out IP 10.0.0.1 > 10.0.0.2: ICMP echo request, id 1, seq 1, length 64',
    { interface: 'veth0', linkType: 276, icmpType: 8 },
  ],
  [
    'all interfaces, the first cooked form',
    '10:00:00.123456  In 52:54:00:00:00:01 ethertype IPv4 (0x0800), length 100: 10.0.0.1 > 10.0.0.2: ICMP echo request, id 1, seq 1, length 64',
    { etherSource: '52:54:00:00:00:01', linkType: 113, length: 100 },
  ],
  [
    'a VLAN',
    '10:00:00.123456 52:54:00:00:00:01 > 52:54:00:00:00:02, ethertype 802.1Q (0x8100), length 102: vlan 10, p 0, ethertype IPv4 (0x0800), 10.0.0.1 > 10.0.0.2: ICMP echo request, id 1, seq 1, length 64',
    { vlans: [10], length: 102 },
  ],
  [
    'a later fragment',
    '10:00:00.123456 IP (tos 0x0, ttl 64, id 5, offset 1480, flags [none], proto UDP (17), length 548)\n    10.0.0.1 > 10.0.0.2: udp',
    { fragmentOffset: 1480, moreFragments: false, protocol: 17, id: 5 },
  ],
  [
    'a cut one',
    '10:00:00.123456 IP 10.0.0.1.5 > 10.0.0.2.6:  [|tcp]',
    { protocol: 6, sourcePort: 5, destinationPort: 6 },
  ],
  [
    'bytes',
    '10:00:00.123456 IP web.local > 10.0.0.2: ICMP echo request, id 1, seq 1, length 8\n\t0x0000:  4500 001c 1234 4000 3f01 0000 0a00 0001  E....4@.?.......\n\t0x0010:  0a00 0002 0800 0000 0001 0001            ............',
    { source: '10.0.0.1', ttl: 63, id: 0x1234, icmpType: 8 },
  ],
];

describe('forms', () => {
  it.each(FORMS)('%s', async (_, text, fields) => {
    const lines = await linesOf(text);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject(fields);
  });

  it.each(FORMS)('is recognised: %s', (_, text) => {
    expect(isTcpdumpText(text.replace(/\u001b\[\d+m|\r/g, '').split('\n'))).toBe(true);
  });
});

const HANDSHAKE = [
  '10:00:00.000001 IP 10.0.0.1.4000 > 10.0.0.2.80: Flags [S], seq 4000000000, win 64240, length 0',
  '10:00:00.000002 IP 10.0.0.2.80 > 10.0.0.1.4000: Flags [S.], seq 300, ack 4000000001, win 65160, length 0',
  '10:00:00.000003 IP 10.0.0.1.4000 > 10.0.0.2.80: Flags [.], ack 1, win 502, length 0',
  '10:00:00.000004 IP 10.0.0.1.4000 > 10.0.0.2.80: Flags [P.], seq 1:101, ack 1, win 502, length 100',
  '10:00:00.000005 IP 10.0.0.2.80 > 10.0.0.1.4000: Flags [.], ack 101, win 502, length 0',
];

describe('sequence numbers', () => {
  it('become absolute where the SYN was seen', async () => {
    const lines = await linesOf(HANDSHAKE.join('\n'));
    expect(lines.map((line) => [line.tcpSequence, line.tcpAcknowledgement])).toEqual([
      [4000000000, undefined],
      [300, 4000000001],
      [undefined, 301],
      [4000000001, 301],
      [undefined, 4000000101],
    ]);
  });

  it('are left out where they count from an unknown one', async () => {
    const lines = await linesOf(HANDSHAKE.slice(3).join('\n'));
    expect(lines.map((line) => [line.tcpSequence, line.tcpAcknowledgement])).toEqual([
      [undefined, undefined],
      [undefined, undefined],
    ]);
  });

  it('may be absolute throughout (-S)', async () => {
    const text = `${HANDSHAKE.slice(0, 2).join('\n')}\n10:00:00.000004 IP 10.0.0.1.4000 > 10.0.0.2.80: Flags [P.], seq 4000000001:4000000101, ack 301, win 502, length 100`;
    expect((await linesOf(text))[2]).toMatchObject({ tcpSequence: 4000000001, tcpAcknowledgement: 301 });
  });
});

describe('times', () => {
  const at = (clocks: readonly string[]) =>
    clocks
      .map((clock) => `${clock} IP 10.0.0.1 > 10.0.0.2: ICMP echo request, id 1, seq 1, length 64`)
      .join('\n');
  const timesOf = (clocks: readonly string[], near?: number) =>
    readTextCapture(
      at(clocks)
        .split('\n')
        .map((text, index) => ({ number: index + 1, text })),
      near === undefined ? {} : { near: { time: near, by: 'a dump' } },
    ).frames.map(({ seconds, nanoseconds }) => seconds + nanoseconds / 1e9);

  it.each([
    ['a date', ['2026-11-28 10:00:00.5'], undefined, [1795860000.5]],
    ['epoch seconds', ['1795860000.500000'], undefined, [1795860000.5]],
    ['a clock and the day of a dump', ['10:00:00.5'], 1795863600, [1795860000.5]],
    ['a clock over midnight', ['23:59:59.5', '00:00:00.5'], 1795910400, [1795910399.5, 1795910400.5]],
    ['a clock, just before the dump’s midnight', ['23:59:59.5'], 1795910401, [1795910399.5]],
    [
      'since the packet before',
      [' 00:00:00.000000', ' 00:00:01.000000', ' 00:00:00.500000'],
      100,
      [100, 101, 101.5],
    ],
    [
      'since the first packet',
      [' 00:00:00.000000', ' 00:00:01.000000', ' 00:00:01.500000'],
      100,
      [100, 101, 101.5],
    ],
  ])('%s', (_, clocks, near, expected) => {
    expect(timesOf(clocks, near)).toEqual(expected);
  });
});

describe('what is made up is told', () => {
  it('a name is no address', async () => {
    const text = '10:00:00.1 IP web.local.4000 > 10.0.0.2.80: Flags [S], seq 1, win 1, length 0';
    const { head } = readTextCapture([{ number: 1, text }]);
    expect(head.issues.find(({ code }) => code === 'tcpdump-name')).toMatchObject({ line: 1, packet: 1 });
    const [line] = await linesOf(text);
    expect(line).not.toHaveProperty('source');
    expect(line?.summary).toContain('web.local');
  });

  it('a name that a hosts file has is one', async () => {
    const text = '10:00:00.1 IP web.local.4000 > 10.0.0.2.80: Flags [S], seq 1, win 1, length 0';
    const [packet] = await packetsOfText(text, {
      address: (name) => (name === 'web.local' ? { address: 0x0a000001 } : undefined),
    });
    expect(packetLine(packet as never, 'x')).toMatchObject({ source: '10.0.0.1', sourcePort: 4000 });
  });

  it('a masked address is none', () => {
    const { head, frames } = readTextCapture([
      { number: 1, text: '10:00:00.1 IP xx.xx.10.2.4000 > 10.0.0.2.80: Flags [S], seq 1, win 1, length 0' },
    ]);
    expect(head.issues.map(({ code }) => code)).toContain('tcpdump-name');
    expect(frames).toHaveLength(1);
  });

  it('without -e, -v and payload none of them is in the packet', async () => {
    const [packet] = await packetsOfText('10:00:00.1 IP 10.0.0.1.5 > 10.0.0.2.6: UDP, length 100');
    expect(packet).toMatchObject({
      ether: { type: 0x800 },
      ip: { ttl: undefined, id: undefined },
      length: 142,
      captured: 42,
    });
    expect(packet?.ether).not.toHaveProperty('source');
  });

  it('one bad line costs itself', () => {
    const good = '10:00:00.1 IP 10.0.0.1.5 > 10.0.0.2.6: UDP, length 100';
    const bad = '10:00:00.2 IP 10.0.0.1.5 > ';
    const { head, frames } = readTextCapture([good, bad, good].map((text, at) => ({ number: at + 1, text })));
    expect(frames).toHaveLength(3);
    expect(head.issues.filter(({ code }) => code === 'tcpdump-line')).toMatchObject([{ line: 2, packet: 2 }]);
  });

  it('losses are known', () => {
    const { head } = readTextCapture(
      [
        'listening on br0, link-type EN10MB (Ethernet), snapshot length 262144 bytes',
        HANDSHAKE[0] ?? '',
        '1 packet captured',
        '7 packets dropped by kernel',
      ].map((text, at) => ({ number: at + 1, text })),
    );
    expect(head.interfaces).toMatchObject([{ name: 'br0', dropped: 7, snaplen: 262144, linkType: 1 }]);
  });
});

describe('any text', () => {
  it('is read without an exception, in time', () => {
    const seeds = [...FORMS.map(([, text]) => text), ...HANDSHAKE];
    let random = 7;
    const next = (below: number) => {
      random = (Math.imul(random, 1103515245) + 12345) >>> 0;
      return (random >>> 8) % below;
    };
    for (let round = 0; round < 3000; round++) {
      let text = seeds[next(seeds.length)] ?? '';
      for (let change = 0; change < 4; change++) {
        const at = next(text.length + 1);
        const piece = (seeds[next(seeds.length)] ?? '').slice(next(40), 40 + next(80));
        text =
          [
            text.slice(0, at) + piece + text.slice(at),
            text.slice(0, at),
            text.slice(0, at) + text.slice(at + next(9)),
          ][next(3)] ?? '';
      }
      const lines = text.split('\n').map((line, at) => ({ number: at + 1, text: line }));
      expect(readTextCapture(lines).frames.length).toBeLessThanOrEqual(lines.length);
    }
    for (const filler of [
      '(',
      '[',
      'a.',
      ' > ',
      ': ',
      '1',
      ' ',
      'vlan 1, p 0, ',
      '{1:2}',
      'frag (0|8) ',
      'IP ',
    ]) {
      const text = `10:00:00.1 IP 10.0.0.1.5 > 10.0.0.2.6: ${filler.repeat(20_000)}`;
      expect(readTextCapture([{ number: 1, text }]).frames).toHaveLength(1);
      expect(
        readTextCapture([{ number: 1, text: `10:00:00.1 IP ${filler.repeat(20_000)}` }]).frames,
      ).toHaveLength(1);
    }
  });
});
