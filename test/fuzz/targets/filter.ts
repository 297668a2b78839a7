import { frameOf } from '../../../src/capture/frame.ts';
import { covering } from '../../../src/filter/covering.ts';
import { isFault } from '../../../src/filter/fault.ts';
import { frameTest } from '../../../src/filter/frame.ts';
import { compileFilter } from '../../../src/filter/match.ts';
import { resolveNames } from '../../../src/filter/names.ts';
import { parseFilter } from '../../../src/filter/parse.ts';
import { parsePasted } from '../../../src/filter/pasted.ts';
import { printFilter } from '../../../src/filter/print.ts';
import { CARRIERS } from '../../packet/frames.ts';
import { holds, same } from '../check.ts';
import { textTarget } from '../target.ts';

export const target = textTarget({
  name: 'filter',
  about:
    'filter expressions and pasted lines: a fault at its place, or printed and read back; asked of frames',
  longest: 256,
  seeds: () => EXPRESSIONS,
  run(text) {
    for (const filter of [parseFilter(text), parsePasted(text)]) {
      if (filter === undefined) continue;
      if (isFault(filter)) {
        holds(filter.at >= 0 && filter.at <= text.length, 'a fault has its place in the text');
        continue;
      }
      same('a filter, printed and read', parseFilter(printFilter(filter)), filter);
      compileFilter(resolveNames(covering(filter), new Map()), 0);
      const asks = frameTest(compileFilter(resolveNames(filter, new Map()), 0));
      for (const [, linkType, bytes] of CARRIERS.slice(0, 12)) asks(frameOf(bytes, { linkType }));
    }
  },
});

const EXPRESSIONS = [
  'tcp and host 10.0.0.2 and not port 22',
  'src net 10.0.0.0/8 or (dst portrange 1000-2000 and udp)',
  'ip.addr == 10.0.0.2 && tcp.port != 443 || arp',
  'udp 10.0.0.2 > 8.8.8.8:53',
  '10.0.0.2:40000 <> [fd00::1]:443',
  'flow any > *:80 and time 10:00:00..10:00:05',
  'time +1s..+2.5s and "web.default" and proto 89',
  'host web and not (icmp or icmp6 or vlan 7)',
  '10:00:00.1 IP 10.0.0.2.40000 > 8.8.8.8.443: Flags [S], seq 1, win 64240, length 0',
  'tcp   ESTAB  0      0      10.0.0.2%eth0:40000      8.8.8.8:443  users:(("curl",pid=7,fd=3))',
  'tcp      6 117 SYN_SENT src=10.0.0.2 dst=8.8.8.8 sport=40000 dport=443 [UNREPLIED] src=8.8.8.8 dst=192.0.2.7 sport=443 dport=40000',
  '10.0.0.2,40000,8.8.8.8,53,12,1500,0,6,700',
  '[ 12.3] DROP: IN=br0 OUT=eth0 SRC=10.0.0.2 DST=8.8.8.8 LEN=60 TTL=63 PROTO=TCP SPT=40000 DPT=443 WINDOW=64240 SYN',
];
