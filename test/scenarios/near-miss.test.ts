import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { analyzeFiles } from '../support/expectation.ts';

/**
 * A recorded incident with the one thing changed that makes it this fault: the packets look the same, and the cause must
 * not be claimed any more.
 */
type Edit = readonly [file: string, from: RegExp, to: string];

type NearMiss = readonly [cause: string, bundle: string, what: string, edits: readonly Edit[]];

const ROWS: readonly (readonly [cause: string, bundle: string, what: string, ...edits: Edit[]])[] = [
  [
    'bridge-port-not-enslaved',
    'port-left-out-of-the-bridge',
    'the veth is a port',
    ['host/ip-addr.json', /("ifname":"p-scale","flags":\[[^\]]*\],"mtu":1500,)/, '$1"master":"lanbr",'],
  ],
  [
    'bridge-port-filtered',
    'isolated-ports',
    'only one of the two ports is isolated',
    ['host/bridge-link.json', /("ifname":"v-ben".*?"isolated":)true/, '$1false'],
    ['host/ip-addr.json', /("ifname":"v-ben".*?"isolated":)true/, '$1false'],
  ],
  [
    'bridge-stp-delay',
    'spanning-tree-delay',
    'the port forwards',
    ['host/bridge-link.json', /"state":"listening"/, '"state":"forwarding"'],
    ['host/ip-addr.json', /"state":"listening"/, '"state":"forwarding"'],
    ['host/ip-link.json', /"state":"listening"/, '"state":"forwarding"'],
  ],
  [
    'arp-ignore-silent',
    'virtual-address-silent',
    'arp_ignore is 0',
    ['host/sysctl.txt', /(conf\.all\.arp_ignore = )1/, '$10'],
  ],
  [
    'neigh-stale-mac',
    'replaced-machine-old-mac',
    'the receiver has that MAC',
    ['printer/ip-addr.json', /("ifname":"eth0".*?"address":")[0-9a-f:]{17}/, '$102:1a:99:40:11:0d'],
  ],
  [
    'mtu-l2-mismatch',
    'jumbo-on-one-end',
    'both ends have MTU 9000',
    ...both('host', /("ifname":"v-cam".*?"mtu":)1500/),
  ],
  [
    'mtu-pmtu-blackhole',
    'path-mtu-black-hole',
    'the uplink has MTU 1500',
    ['host/ip-addr.json', /"mtu":1400/, '"mtu":1500'],
  ],
  [
    'dup-ip',
    'two-owners-of-one-address',
    'one of those that answer is known not to have the address: it answers for others',
    ['oldprn/ip-addr.json', /10\.60\.2\.40/, '10.60.2.41'],
  ],
  [
    'dup-mac',
    'cloned-machine-same-mac',
    'it is an address of VRRP',
    ['blue/ip-addr.json', /02:5e:10:00:00:51/g, '00:00:5e:00:01:33'],
    ['green/ip-addr.json', /02:5e:10:00:00:51/g, '00:00:5e:00:01:33'],
  ],
  [
    'addr-on-enslaved-port',
    'address-left-on-the-port',
    'the interface is no port',
    ['host/ip-addr.json', /("ifname":"lan0".*?)"master":"vmbr",/, '$1'],
    ['host/bridge-link.json', /^.*$/s, '[]'],
    ['host/bridge-fdb.json', /^.*$/s, '[]'],
  ],
  [
    'iface-moved-lost-config',
    'interface-moved-after-setup',
    'the interface has its address',
    [
      'radio/ip-addr.json',
      /("ifname":"rad0".*?"addr_info":\[)\]/,
      '$1{"family":"inet","local":"10.99.30.2","prefixlen":24,"scope":"global"}]',
    ],
  ],
  [
    'addr-netmask-mismatch',
    'netmask-too-wide',
    'both ends have the same netmask',
    ['host/ip-addr.json', /("local":"10\.50\.1\.1","prefixlen":)24/, '$116'],
  ],
  [
    'mgr-host-route-grab',
    'default-route-on-the-bridge',
    'there is no other default route',
    ['host/ip-route.txt', /default via 203.*\n/, ''],
  ],
  [
    'proxy-arp-missing',
    'routed-pod-without-proxy-arp',
    'proxy_arp is 1',
    ['host/sysctl.txt', /(conf\.cali3f7\.proxy_arp = )0/, '$11'],
  ],
  [
    'flt-netdev-tc-xdp',
    'bpf-classifier-drops',
    'the clsact has dropped nothing',
    ['host/tc-qdisc.txt', /(clsact[\s\S]*?dropped )\d+/, '$10'],
  ],
  [
    'flt-bridge-filter-drop',
    'ebtables-between-ports',
    'the rule is about another port',
    ['host/ebtables-save.txt', /--ip-dport 502/, '--ip-dport 503'],
  ],
  [
    'flt-arp-drop',
    'arptables-silence',
    'the rule is about another address',
    ['host/arptables-save.txt', /10\.201\.4\.66/, '10.201.4.67'],
  ],
  [
    'link-qdisc-drop',
    'shaper-too-small',
    'the queue has dropped nothing',
    ['host/tc-qdisc.json', /"drops":[1-9]\d*/g, '"drops":0'],
  ],
  [
    'macvlan-host-isolation',
    'macvlan-and-its-own-host',
    'the device is on top of another one',
    ['dlna/ip-addr.json', /("ifname":"eth0".*?)"info_kind":"macvlan"/, '$1"info_kind":"veth"'],
  ],
  [
    'vxlan-underlay',
    'overlay-without-fdb-entry',
    'the entry is there',
    [
      'host/bridge-fdb.json',
      /\]\s*$/,
      ',{"mac":"02:42:0a:2a:02:00","ifname":"flannel.7","dst":"192.168.240.2","flags":["self"],"state":"permanent"}]',
    ],
  ],
  [
    'neigh-table-overflow',
    'too-many-neighbours',
    'the table has room',
    ['host/sysctl-neigh.txt', /(gc_thresh3 = )128/, '$11024'],
  ],
  [
    'flt-nft-other-table',
    'another-table-drops',
    'iptables does not accept it either',
    ['host/iptables-save.txt', /.*--dports 443,587.*\n/, ''],
  ],
  [
    'neigh-discovery-blocked',
    'neighbour-discovery-filtered',
    'a rule accepts ICMPv6',
    [
      'archive/ip6tables-save.txt',
      /(\[\d+:\d+\] -A INPUT -i lo)/,
      '[0:0] -A INPUT -p ipv6-icmp -j ACCEPT\n$1',
    ],
  ],
  [
    'vxlan-underlay',
    'overlay-blocked-between-nodes',
    'the device is no VXLAN device',
    ['host/ip-addr.json', /"info_kind":"vxlan"/, '"info_kind":"veth"'],
  ],
  [
    'v6-dad',
    'duplicate-address-detected',
    'the address is in order',
    ['meter/ip-addr.json', /"dadfailed":true,?/, ''],
  ],
  [
    'v6-no-path',
    'ipv6-leads-nowhere',
    'IPv4 has no default route either',
    ['host/ip-route.json', /\{"type":"unicast","dst":"default".*?\},/, ''],
  ],
  [
    'v6-ra-lost',
    'router-advertisements-ignored',
    'accept_ra is 2',
    ['host/sysctl.txt', /(conf\.wan0\.accept_ra = )1/, '$12'],
  ],
  [
    'sock-localhost-wrong-ns',
    'asks-its-own-loopback',
    'the other namespace has such a service for itself',
    ['pgdb/ss.txt', /0\.0\.0\.0:5432/, '127.0.0.1:5432'],
    ['host/ss.txt', /127\.0\.0\.1:6379/, '127.0.0.1:6380'],
  ],
  [
    'sock-localhost-wrong-ns',
    'asks-its-own-loopback',
    'the namespace has the service, on another of its addresses',
    ['crm/ss.txt', /0\.0\.0\.0:8000/, '10.66.4.20:5432'],
    ['host/ss.txt', /127\.0\.0\.1:6379/, '127.0.0.1:6380'],
  ],
  [
    'route-mark-too-late',
    'marked-after-routing',
    'no ip rule asks for that mark: it is for traffic control',
    ['host/ip-rule.json', /"fwmark":"0x2"/, '"fwmark":"0x3"'],
  ],
  [
    'route-mark-too-late',
    'marked-after-routing',
    'the rule is for another port',
    ['host/iptables-save.txt', /--dport 873 -j MARK/, '--dport 874 -j MARK'],
  ],
  [
    'route-connmark-not-restored',
    'answers-by-the-other-line',
    'a rule restores it',
    [
      'host/iptables-save.txt',
      /(\[\d+:\d+\] -A PREROUTING -i dsl2 -m conntrack)/,
      '[0:0] -A PREROUTING -i ward0 -j CONNMARK --restore-mark --nfmask 0xffffffff --ctmask 0xffffffff\n$1',
    ],
  ],
  [
    'route-connmark-not-restored',
    'only-the-first-packet-is-marked',
    'the mark of the connection is for something else: no ip rule asks for it',
    ['host/ip-rule.json', /"fwmark":"0x5"/, '"fwmark":"0x6"'],
  ],
  [
    'route-multi-default',
    'second-network-takes-the-default',
    'the network that it is asked by has the default route',
    ['shop/ip-route.json', /("dev":"eth1".*?"metric":)100/, '$1200'],
  ],
  [
    'route-multi-default',
    'every-other-address-is-dead',
    'there is one way out, and some servers are down',
    ['host/ip-route.json', /,?\{"gateway":"203\.0\.113\.1","dev":"wan1".*?\}/, ''],
  ],
  [
    'flt-k8s-service-drop',
    'service-without-endpoints',
    'the rule is somebody’s own, in no service’s name',
    ['host/iptables-save.txt', /shop\/cart:http has no endpoints/, 'closed by the shop team'],
  ],
  [
    'flt-k8s-service-drop',
    'node-port-without-a-local-pod',
    'the rule is for another port',
    ['host/iptables-save.txt', /--dport 30880 -j DROP/, '--dport 30882 -j DROP'],
  ],
  [
    'flt-k8s-service-drop',
    'marked-for-drop-by-an-old-kube-proxy',
    'something else has marked the packet',
    [
      'host/iptables-legacy-save.txt',
      /(-A KUBE-(?:XLB|FW)\S+ .*)-j KUBE-MARK-DROP/g,
      '$1-j MARK --set-xmark 0x8000/0x8000',
    ],
  ],
  [
    'docker-rules-differ',
    'docker-one-port-lost-its-rules',
    'the port leads to its own container',
    [
      'host/iptables-save.txt',
      /8099 -j DNAT --to-destination 172\.17\.0\.9:80/,
      '8092 -j DNAT --to-destination 172.17.0.3:25',
    ],
  ],
  [
    'flt-rules-flushed',
    'docker-flushed-for-ufw',
    'the container publishes another port',
    ['../docker/containers.json', /"HostPort": "8080"/g, '"HostPort": "8081"'],
  ],
  [
    'flt-rules-flushed',
    'docker-flushed-for-ufw',
    'not even chains of Docker’s are there, so it may have been told to write none',
    ['host/iptables-save.txt', /^:DOCKER.*\n/gm, ''],
  ],
  [
    'ct-invalid-leak',
    'forgotten-and-not-picked-up',
    'conntrack makes an entry in mid-connection, and called nothing INVALID',
    ['host/sysctl.txt', /(nf_conntrack_tcp_loose = )0/, '$11'],
    ['host/conntrack-stats.txt', /invalid=6/, 'invalid=0'],
  ],
  [
    'ext-antispoof',
    'cloud-drops-foreign-sources',
    'the source is an address of the host',
    ['host/ip-addr.json', /"local":"10\.200\.1\.1"/, '"local":"10.200.1.14"'],
  ],
  [
    'ext-antispoof',
    'cloud-drops-foreign-sources',
    'it is lost on the way, in the host: forwarding is off',
    ['host/sysctl.txt', /(net\.ipv4\.ip_forward = |net\.ipv4\.conf\.\S+\.forwarding = )1/g, '$10'],
  ],
  [
    'flt-k8s-service-drop',
    'no-endpoints-in-nftables-mode',
    'the elements have no service in their comments',
    ['host/nft-ruleset.json', /"comment": "(?:shop\/cart:http|media\/ingest:rtmp)"/g, '"comment": "closed"'],
  ],
  [
    'dns-embedded-flushed',
    'docker-dns-rules-flushed',
    'the rules are there',
    [
      'vpn/iptables-save.txt',
      /:DOCKER_POSTROUTING - \[0:0\]\n/,
      '$&[0:0] -A OUTPUT -d 127.0.0.11/32 -p udp -m udp --dport 53 -j DNAT --to-destination 127.0.0.11:39510\n',
    ],
  ],
  [
    'dns-embedded-flushed',
    'docker-dns-rules-flushed',
    'dockerd has no sockets in there: the address was copied',
    ['vpn/ss.txt', /127\.0\.0\.11:/g, '127.0.0.12:'],
  ],
  [
    'dns-loopback-stub',
    'resolver-stub-copied',
    'the namespace has a stub of its own',
    ['smtp/ss.txt', /$/, 'udp UNCONN 0 0 127.0.0.53:53 0.0.0.0:*\n'],
  ],
  [
    'sock-backlog-full',
    'listen-queue-full',
    'no SYN was ever dropped for a full queue',
    ['cart/nstat.txt', /(TcpExtListenOverflows +)\d+/, '$10'],
  ],
  [
    'sock-backlog-full',
    'listen-queue-full',
    'the queue has room, and its drops are of another kind',
    ['cart/ss.txt', /LISTEN 3 /, 'LISTEN 0 '],
    ['cart/nstat.txt', /TcpExtListenOverflows.*\n/, ''],
  ],
  [
    'sock-program-silent',
    'programs-that-hang',
    'the programs have read all that came',
    ['apps/ss.txt', /UNCONN +\d+ /, 'UNCONN 0 '],
    ['apps/ss.txt', /CLOSE-WAIT +\d+ /, 'CLOSE-WAIT 0 '],
  ],
  [
    'sock-ephemeral-exhausted',
    'no-port-to-connect-from',
    'the range has one port more',
    ['worker/sysctl.txt', /(ip_local_port_range = 41000\t)41011/, '$141012'],
  ],
  [
    'sock-ephemeral-exhausted',
    'no-port-to-connect-from',
    'connect() may take those in TIME-WAIT',
    ['worker/sysctl.txt', /(tcp_tw_reuse = )2/, '$11'],
  ],
  [
    'sock-ephemeral-exhausted',
    'no-port-to-connect-from',
    'one of the connections goes to another port',
    ['worker/ss.txt', /(10\.71\.2\.10:41003 +10\.71\.2\.20:)6379/, '$16380'],
  ],
  [
    'sock-port-conflict',
    'published-port-already-taken',
    'the listener is its own docker-proxy',
    ['host/ss.txt', /"lighttpd"/, '"docker-proxy"'],
  ],
  [
    'sock-port-conflict',
    'published-port-already-taken',
    'the listener has another address',
    ['host/ss.txt', /0\.0\.0\.0:8094/, '127.0.0.1:8094'],
    ['../docker/containers.json', /"HostIp": "",(\s+"HostPort": "8094")/, '"HostIp": "198.51.100.72",$1'],
  ],
  [
    'sock-port-conflict',
    'published-port-already-taken',
    'the container has not started for another reason',
    [
      '../docker/containers.json',
      /"Error": "driver failed[^"]*"/,
      '"Error": "exec: httpd: not found in $PATH"',
    ],
  ],
  [
    'sock-port-conflict',
    'published-port-already-taken',
    'nobody has the port any more',
    ['host/ss.txt', /^tcp +LISTEN.*:8094 .*\n/m, ''],
  ],
  [
    'sock-port-conflict',
    'published-port-already-taken',
    'whose the listener is was not shown',
    ['host/ss.txt', /users:\(\("lighttpd".*/, ''],
  ],
  [
    'sock-port-conflict',
    'published-port-already-taken',
    'the listener takes IPv6 alone',
    ['host/ss.txt', /0\.0\.0\.0:8094 {6}0\.0\.0\.0:\*/, '[::]:8094 [::]:*'],
  ],
  [
    'flt-ipset-ban',
    'banned-by-a-set',
    'the address is not in the set',
    ['host/ipset-list.txt', /198\.51\.100\.77/, '198.51.100.78'],
  ],
  [
    'ct-invalid-drop',
    'only-the-answers-pass-here',
    'the rule is about what conntrack was told to leave alone',
    ['host/iptables-save.txt', /--ctstate INVALID/, '--ctstate UNTRACKED'],
  ],
  [
    'nat-dnat-to-localhost',
    'forwarded-to-the-loopback',
    'the incoming interface takes loopback addresses',
    ['host/sysctl.txt', /(conf\.enp2s0\.route_localnet = )0/, '$11'],
  ],
  [
    'route-external-to-private',
    'lan-knows-nothing-of-the-lab',
    'the sender has a route to the host',
    ['outside/ip-route.txt', /^/, '10.177.5.0/24 via 192.0.2.135 dev eth0 \n'],
  ],
  [
    'ttl-expired',
    'sender-with-a-ttl-of-one',
    'the destination is the router’s own, which is not asked for its TTL',
    [
      'host/ip-route.txt',
      /^local 127\.0\.0\.1 /m,
      'local 203.0.113.188 dev lo table local proto kernel scope host src 203.0.113.188 \n$&',
    ],
    ['host/ip-addr.txt', /^( +)inet 127\.0\.0\.1\/8 .*$/m, '$&\n$1inet 203.0.113.188/32 scope global lo'],
  ],
  [
    'flt-docker-internal',
    'internal-network-stays-inside',
    'that rule is for another bridge, and the policy of FORWARD drops',
    ['host/iptables-save.txt', /(! -d 172\.29\.12\.0\/24 -i )br-5d0c61b7e2f4/, '$1br-0a91c3d84e57'],
  ],
  [
    'flt-icc-off',
    'neighbours-kept-apart',
    'the bridge does not call iptables',
    ['host/sysctl.txt', /(bridge-nf-call-iptables = )1/, '$10'],
  ],
  [
    'flt-docker-raw-direct',
    'container-address-from-the-lan',
    'the raw rule is for another container',
    ['host/iptables-save.txt', /(PREROUTING -d )172\.27\.16\.5/, '$1172.27.16.6'],
  ],
  [
    'trace-model-parts',
    'traced-by-newer-rules',
    'the rules were saved after the change',
    ['host/iptables-save.txt', /(-A FORWARD -s \S+ -p tcp -m tcp --dport )9001/, '$11883'],
  ],
];

function both(namespace: string, pattern: RegExp): Edit[] {
  return ['ip-addr.json', 'ip-s-link.json'].map((file) => [`${namespace}/${file}`, pattern, '$19000']);
}

const NEAR_MISSES: NearMiss[] = ROWS.map(([cause, bundle, what, ...edits]) => [cause, bundle, what, edits]);

/** From this confidence on a finding is an assertion. */
const CERTAIN = 0.6;

const scratch = mkdtempSync(join(tmpdir(), 'nettrace-near-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

describe('near misses', () => {
  it.each(NEAR_MISSES)('%s is not claimed of %s when %s', async (cause, bundle, _what, edits) => {
    const copy = join(scratch, bundle);
    cpSync(join('captures', bundle, 'bundle'), copy, { recursive: true });
    for (const [file, from, to] of edits) {
      const path = join(copy, 'namespaces', file);
      const text = readFileSync(path, 'utf8');
      writeFileSync(path, text.replace(from, to));
    }
    const { findings } = await analyzeFiles(copy);
    const claimed = findings
      .filter(({ confidence }) => confidence >= CERTAIN)
      .map((finding) => finding.cause);
    expect(claimed).not.toContain(cause);
  });

  it.each(NEAR_MISSES)('%s is claimed of %s as it is', async (cause, bundle) => {
    const { findings } = await analyzeFiles(join('captures', bundle, 'bundle'));
    expect(
      findings.filter(({ confidence }) => confidence >= CERTAIN).map((finding) => finding.cause),
    ).toContain(cause);
  });

  it.each(NEAR_MISSES)('%s: every edit of %s changes something', (_cause, bundle, _what, edits) => {
    const unchanged = edits.filter(([file, from, to]) => {
      const text = readFileSync(join('captures', bundle, 'bundle', 'namespaces', file), 'utf8');
      return text.replace(from, to) === text;
    });
    expect(unchanged).toEqual([]);
  });
});
