import { resolveInputs } from '../../../src/input/resolve.ts';
import { readTranscript } from '../../../src/input/transcript.ts';
import { buildSnapshot } from '../../../src/snapshot/build.ts';
import { expand } from '../../../src/transcript/expand.ts';
import { readSession } from '../../../src/transcript/session.ts';
import { holds } from '../check.ts';
import { textsOf } from '../seeds.ts';
import { bytesOf, textTarget } from '../target.ts';

export const target = textTarget({
  name: 'transcript',
  about: 'pasted sessions and set-up scripts: taken apart, filled in, and played',
  seeds: () => SESSIONS,
  words: textsOf('test/dump/recorded', /^(?:ip-addr|ip-route|iptables-save)\.txt$/, 400),
  async run(text) {
    const lines = text.split('\n').length;
    const { commands } = readSession(text);
    let last = 0;
    for (const { line, output } of commands) {
      holds(line >= last && line <= lines, 'commands stand one after the other, in the text');
      for (const { number } of output) holds(number >= 1 && number <= lines, 'output stands in the text');
      last = line;
    }
    expand(commands);
    if (!readTranscript('x', text)) return;
    buildSnapshot(await resolveInputs([], { texts: [{ path: 'x', bytes: bytesOf(text) }] }));
  },
});

const SESSIONS = [
  `root@node7:~# ip netns exec red ip -4 addr
1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN group default qlen 1000
    inet 127.0.0.1/8 scope host lo
root@node7:~# docker exec -it web sh
/ # ip route
default via 172.17.0.1 dev eth0
/ # exit
root@node7:~# tcpdump -ni eth0 -c 1
10:00:00.123456 IP 10.0.0.1.4000 > 10.0.0.2.80: Flags [S], seq 1, win 64240, length 0
^C
`,
  `#!/bin/bash
set -e
BR=br0
for ns in red blue; do
  ip netns add $ns
  ip link add v-$ns type veth peer name eth0 netns $ns
  ip link set v-$ns master "$BR" up
  ip -n $ns addr add 10.0.0.2/24 dev eth0
done
sysctl -w net.ipv4.ip_forward=1
iptables -t nat -A POSTROUTING -s 10.0.0.0/24 -j MASQUERADE
`,
  `I ran this:

\`\`\`
$ sudo iptables -A FORWARD -i br0 -j DROP
iptables: No chain/target/match by that name.
$ sudo iptables-save
*filter
:FORWARD ACCEPT [0:0]
-A FORWARD -i br0 -j DROP
COMMIT
\`\`\`

> $ ssh ops@edge
> ops@edge:~$ sudo nsenter -t 4711 -n ip neigh
> 10.0.0.2 dev eth0 lladdr 02:00:00:00:00:02 REACHABLE
`,
  `+ ip link add br9 type bridge
+ ip addr add 10.9.0.1/24 dev br9
+ nft add rule inet t c tcp dport 80 accept
+ ipset create bans hash:ip
+ ipset add bans 10.9.0.7
+ ip route add default via 10.9.0.254 \\
    dev br9
`,
];
