/**
 * One container's traffic to a neighbour of its host, seen at up to four points:
 *
 *   red eth0 ── veth7 ─ br0 ── host ── eth0 ── eth0 far
 *               ▲ 172.18.0.2  MASQUERADE  ▲ 10.9.0.2   ▲
 *
 * TTL and addresses change between br0 and eth0; each point has the packet a few microseconds after the one before.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { NAT_POLICIES, table } from '../rulesets/table.mjs';
import { PcapFile } from '../traffic/pcap-file.mjs';
import { Traffic } from '../traffic/traffic.mjs';
import { ip, mac } from './addresses.mjs';
import { device, loopback, writeDumps } from './dumps.mjs';

const RED = ip('172.18.0.2');
const BRIDGE = ip('172.18.0.1');
const HOST = ip('10.9.0.2');
/** So many, that a port comes again only towards another of them. */
const FAR_ADDRESSES = 32;
const far = (index) => ip('10.9.0.10') + index;
const FAR_MAC = far(0);

const INNER = { clientMac: RED, serverMac: BRIDGE };
const OUTER = { clientMac: HOST, serverMac: FAR_MAC };

/** In the order in which the capture points are taken: one point alone is where the packets leave the host. */
const POINTS = [
  { path: 'host/eth0.pcap', outside: true, delay: 0, link: OUTER },
  { path: 'host/br0.pcap', outside: false, delay: -3, link: INNER },
  { path: 'far/eth0.pcap', outside: true, delay: 6, link: OUTER },
  { path: 'host/veth7.pcap', outside: false, delay: -4, link: INNER },
];

/**
 * @param {{ packets: number, flows: number, points: 1 | 2 | 3 | 4, ruleset?: (masquerade: string) => string, seed?: number }} options
 *   `ruleset`: the host's, with the rule that it needs in the nat table's POSTROUTING; without it that rule alone
 */
export function writePoints(folder, { packets, flows, points, ruleset = alone, seed = 4 }) {
  const taken = POINTS.slice(0, points).map((point) => {
    const path = join(folder, 'captures', point.path);
    mkdirSync(join(path, '..'), { recursive: true });
    return { ...point, file: new PcapFile(path) };
  });
  const traffic = new Traffic({
    ...{
      seed,
      packets,
      flows,
      kinds: [
        ['tcp', 0.85],
        ['udp', 0.15],
      ],
      payload: [20, 60],
    },
    // No packet overtakes another between two points.
    ...{ gap: [20, 28], concurrent: 5000, clients: 1, servers: FAR_ADDRESSES, hops: 0 },
    ...{ client: () => RED, server: far },
  });
  traffic.run((packet) => {
    const { source, destination, ttl, toServer, time } = packet;
    for (const { outside, delay, file, link } of taken) {
      packet.source = toServer && outside ? HOST : source;
      packet.destination = !toServer && outside ? HOST : destination;
      packet.ttl = toServer === outside ? ttl - 1 : ttl;
      file.add(toServer ? time + delay : time - delay, packet, link);
    }
  });
  for (const { file } of taken) file.close();
  writeHostDumps(folder, ruleset);
}

const alone = (masquerade) => table('nat', NAT_POLICIES, [], [masquerade]);

function writeHostDumps(folder, ruleset) {
  const rule = '0:\tfrom all lookup local\n32766:\tfrom all lookup main\n32767:\tfrom all lookup default\n';
  const masquerade = '-A POSTROUTING -s 172.18.0.0/16 ! -o br0 -j MASQUERADE';
  writeDumps(folder, 'host', {
    'ip-addr.txt': [
      loopback(),
      device(2, 'eth0', mac(HOST), '10.9.0.2/24'),
      device(3, 'br0', mac(BRIDGE), '172.18.0.1/16'),
      device(7, 'veth7@if2', mac(ip('172.18.7.7')), [], { master: 'br0', netnsid: 0 }),
    ].join(''),
    'ip-route.txt':
      '10.9.0.0/24 dev eth0 proto kernel scope link src 10.9.0.2\n' +
      '172.18.0.0/16 dev br0 proto kernel scope link src 172.18.0.1\n',
    'ip-rule.txt': rule,
    'ip-neigh.txt': `172.18.0.2 dev br0 lladdr ${mac(RED)} REACHABLE\n`,
    'sysctl.txt': ['all', 'default', 'eth0', 'br0']
      .flatMap((name) => [`net.ipv4.conf.${name}.forwarding = 1\n`, `net.ipv4.conf.${name}.rp_filter = 0\n`])
      .join('')
      .concat('net.ipv4.ip_forward = 1\n'),
    'iptables-save.txt': ruleset(masquerade),
  });
  writeDumps(folder, 'red', {
    'ip-addr.txt': loopback() + device(2, 'eth0@if7', mac(RED), '172.18.0.2/16', { netnsid: 0 }),
    'ip-route.txt':
      'default via 172.18.0.1 dev eth0\n172.18.0.0/16 dev eth0 proto kernel scope link src 172.18.0.2\n',
    'ip-rule.txt': rule,
    'iptables-save.txt': '',
  });
  writeDumps(folder, 'far', {
    'ip-addr.txt':
      loopback() +
      device(
        2,
        'eth0',
        mac(FAR_MAC),
        Array.from({ length: FAR_ADDRESSES }, (_, index) => `10.9.0.${10 + index}/24`),
      ),
    'ip-route.txt': '10.9.0.0/24 dev eth0 proto kernel scope link src 10.9.0.10\n',
    'ip-rule.txt': rule,
    'iptables-save.txt': '',
  });
}
