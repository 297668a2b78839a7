/** A small network on disk, as text dumps and raw-IP captures: `ant` behind the bridge br0 of a host that does not forward. */
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pcapWriter } from '../../src/capture/pcap-writer.ts';
import { collector } from '../../src/capture/writer.ts';
import { parseIp } from '../../src/net/ip.ts';
import { buildSkb } from '../../src/skb/build.ts';

export const START = 1767261600;

const FILES: Readonly<Record<string, string>> = {
  'namespaces/host/ip-addr.txt': `1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN group default qlen 1000
    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00
    inet 127.0.0.1/8 scope host lo
       valid_lft forever preferred_lft forever
2: eth0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc fq_codel state UP group default qlen 1000
    link/ether 02:00:00:00:01:02 brd ff:ff:ff:ff:ff:ff
    inet 192.0.2.10/24 brd 192.0.2.255 scope global eth0
       valid_lft forever preferred_lft forever
3: br0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP group default qlen 1000
    link/ether 02:00:00:00:09:01 brd ff:ff:ff:ff:ff:ff
    inet 10.9.0.1/24 brd 10.9.0.255 scope global br0
       valid_lft forever preferred_lft forever
4: vant@if2: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue master br0 state UP group default qlen 1000
    link/ether 02:00:00:00:09:02 brd ff:ff:ff:ff:ff:ff link-netns ant
`,
  'namespaces/host/ip-route.txt': `default via 192.0.2.1 dev eth0
10.9.0.0/24 dev br0 proto kernel scope link src 10.9.0.1
192.0.2.0/24 dev eth0 proto kernel scope link src 192.0.2.10
`,
  'namespaces/host/sysctl.txt': `net.ipv4.ip_forward = 0
net.ipv4.conf.all.rp_filter = 0
net.ipv4.conf.default.rp_filter = 0
`,
  'namespaces/host/iptables-save.txt': `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -s 10.9.0.0/24 ! -o br0 -j MASQUERADE
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:WATCH - [0:0]
-A INPUT -p icmp -j WATCH
-A WATCH -i br0 -j RETURN
COMMIT
`,
  'namespaces/host/ss.txt': `Netid State  Recv-Q Send-Q Local Address:Port Peer Address:Port Process
tcp   LISTEN 0      128          0.0.0.0:22        0.0.0.0:*     users:(("sshd",pid=612,fd=3))
`,
  'namespaces/ant/ip-addr.txt': `1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN group default qlen 1000
    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00
    inet 127.0.0.1/8 scope host lo
       valid_lft forever preferred_lft forever
2: eth0@if4: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP group default qlen 1000
    link/ether 02:00:00:00:09:20 brd ff:ff:ff:ff:ff:ff link-netnsid 0
    inet 10.9.0.20/24 brd 10.9.0.255 scope global eth0
       valid_lft forever preferred_lft forever
`,
  'namespaces/ant/ip-route.txt': `default via 10.9.0.1 dev eth0
10.9.0.0/24 dev eth0 proto kernel scope link src 10.9.0.20
`,
};

interface Ping {
  readonly from: string;
  readonly to: string;
  readonly type: 0 | 8;
  /** Echo id; a request and its answer share it. */
  readonly id: number;
  readonly at: number;
}

/** A pcap of raw IP with these pings. */
export function pingCapture(pings: readonly Ping[]): Uint8Array {
  const { sink, bytes } = collector();
  const write = pcapWriter(sink, { linkType: 101 });
  for (const { from, to, type, id, at } of pings) {
    const skb = buildSkb({
      source: parseIp(from) ?? 0,
      destination: parseIp(to) ?? 0,
      protocol: 1,
      icmpType: type,
      icmpId: id,
      icmpSequence: Math.floor(at * 10),
      id: Math.round(at * 1000) + type,
      payload: new TextEncoder().encode(`${id} ${at}`),
      time: START + at,
    });
    const micros = Math.round(at * 1e6);
    write({
      seconds: START + Math.floor(micros / 1e6),
      nanoseconds: (micros % 1e6) * 1000,
      bytes: skb.bytes,
    });
  }
  return bytes();
}

export interface Lab {
  readonly folder: string;
  readonly bundle: string;
  /** Writes a file beside the bundle and gives its path. */
  file(name: string, content: string | Uint8Array): string;
}

export function makeLab(): Lab {
  const folder = mkdtempSync(join(tmpdir(), 'nettrace-cli-'));
  const file = (name: string, content: string | Uint8Array) => {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
    return path;
  };
  for (const [name, content] of Object.entries(FILES)) file(`bundle/${name}`, content);
  const there = { from: '10.9.0.20', to: '198.51.100.7', type: 8, id: 78 } as const;
  file(
    'bundle/captures/host/br0.pcap',
    pingCapture([
      { from: '10.9.0.20', to: '10.9.0.1', type: 8, id: 77, at: 0.25 },
      { from: '10.9.0.1', to: '10.9.0.20', type: 0, id: 77, at: 0.250_1 },
      { ...there, at: 1 },
      { ...there, at: 2 },
    ]),
  );
  file(
    'bundle/captures/host/eth0.pcap',
    pingCapture([{ from: '192.0.2.1', to: '192.0.2.10', type: 8, id: 9, at: 1.5 }]),
  );
  return { folder, bundle: join(folder, 'bundle'), file };
}
