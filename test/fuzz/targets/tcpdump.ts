import { CaptureReader } from '../../../src/capture/scan.ts';
import { dissect } from '../../../src/packet/dissect.ts';
import { packetLine } from '../../../src/packet/packet-line.ts';
import { jsonText } from '../../../src/report/json.ts';
import { textCaptureBytes } from '../../../src/tcpdump/capture.ts';
import { isTcpdumpText } from '../../../src/tcpdump/recognise.ts';
import { holds, same } from '../check.ts';
import { textTarget } from '../target.ts';

export const target = textTarget({
  name: 'tcpdump',
  about: 'what tcpdump printed: read as frames, which are dissected',
  longest: 2048,
  seeds: () => PRINTED,
  run(text) {
    const lines = text.split('\n').map((line, at) => ({ number: at + 1, text: line }));
    isTcpdumpText(lines.map((line) => line.text));
    const bytes = textCaptureBytes(lines, { command: 'tcpdump -nei eth0', near: { time: 1.7e9, by: 'x' } });
    let packets = 0;
    const reader = new CaptureReader((frame) => {
      packets++;
      holds((frame.told?.line ?? 0) <= lines.length, 'a packet stands in the text');
      JSON.parse(jsonText(packetLine(dissect(frame), 'x')));
    });
    reader.push(bytes);
    same('the number of packets', reader.end().packets, packets);
  },
});

const PRINTED = [
  `tcpdump: listening on eth0, link-type EN10MB (Ethernet), snapshot length 262144 bytes
10:00:00.123456 02:00:00:00:00:01 > 02:00:00:00:00:02, ethertype IPv4 (0x0800), length 74: 10.0.0.1.4000 > 10.0.0.2.80: Flags [S], seq 123, win 64240, options [mss 1460,sackOK,TS val 1 ecr 0,nop,wscale 7], length 0
10:00:00.123556 02:00:00:00:00:02 > 02:00:00:00:00:01, ethertype IPv4 (0x0800), length 54: 10.0.0.2.80 > 10.0.0.1.4000: Flags [R.], seq 0, ack 124, win 0, length 0
2 packets captured
2 packets received by filter
0 packets dropped by kernel
`,
  `10:00:00.123456 IP (tos 0x10, ttl 63, id 9, offset 0, flags [DF], proto UDP (17), length 60)
    10.0.0.1.4000 > 10.0.0.2.53: 4660+ [1au] A? www.abc. (32)
10:00:00.223456 IP6 (flowlabel 0x12345, hlim 64, next-header ICMPv6 (58) payload length: 32) fe80::1 > ff02::1:ff00:2: [icmp6 sum ok] ICMP6, neighbor solicitation, length 32, who has fd00::2
\t  source link-address option (1), length 8 (1): 02:00:00:00:00:01
10:00:00.323456 ARP, Request who-has 10.0.0.2 tell 10.0.0.1, length 28
10:00:00.423456 ARP, Reply 10.0.0.2 is-at 02:00:00:00:00:02, length 28
`,
  `2026-11-29 10:00:00.123456 eth0  In  IP 10.0.0.1 > 10.0.0.2: ICMP echo request, id 7, seq 1, length 64
2026-11-29 10:00:00.123556 eth0  Out IP 10.0.0.9 > 10.0.0.1: ICMP 10.0.0.2 tcp port 80 unreachable, length 68
\tIP (tos 0x0, ttl 64, id 1, offset 0, flags [DF], proto TCP (6), length 40)
    10.0.0.1.4000 > 10.0.0.2.80: Flags [S], seq 1:21, win 5, length 20
`,
  `1700000000.000001 IP 10.0.0.1.4789 > 10.0.0.2.4789: VXLAN, flags [I] (0x08), vni 42
IP 10.1.0.1.22 > 10.1.0.2.50000: Flags [P.], seq 1:37, ack 1, win 501, length 36
 00:00:00.000100 IP 10.0.0.1 > 10.0.0.2: GREv0, length 88: IP 10.1.0.1 > 10.1.0.2: ICMP echo reply, id 7, seq 1, length 64
 00:00:00.000200 IP 10.0.0.1.36412 > 10.0.0.2.36412: sctp (1) [INIT] [init tag: 1] [rwnd: 106496] [OS: 10] [MIS: 65535] [init TSN: 1]
`,
  `10:00:00.000000 IP 10.0.0.1.9 > 10.0.0.2.9: UDP, length 4
\t0x0000:  4500 0020 0001 0000 4011 66ca 0a00 0001  E.......@.f.....
\t0x0010:  0a00 0002 0009 0009 000c 0000 6162 6364  ............abcd
`,
];
