import { describe, expect, it } from 'vitest';
import { FORMATS } from '../../src/dump/formats.ts';
import { hintOfCommand } from '../../src/dump/hint.ts';
import { recogniseDump, unrecognised } from '../../src/dump/recognise.ts';
import { contentOf, read } from './same.ts';

/** The smallest text that is plainly each format's. */
const SAMPLES: Readonly<Record<string, string>> = {
  'nft-json': '{"nftables": [{"metainfo": {"json_schema_version": 1}}]}',
  'docker-inspect': '[{"Id": "0123456789abcdef", "Name": "/web", "NetworkSettings": {}}]',
  'docker-network': '[{"Name": "blue", "Id": "fedcba9876543210", "Driver": "bridge", "IPAM": {}}]',
  'ip-addr-json': '[{"ifindex": 1, "ifname": "lo", "flags": ["UP"], "addr_info": []}]',
  'bridge-link-json':
    '[{"ifindex": 3, "ifname": "veth1", "flags": ["UP"], "master": "br0", "state": "forwarding"}]',
  'ip-link-json':
    '[{"ifindex": 1, "ifname": "lo", "flags": ["UP"], "operstate": "UP", "link_type": "loopback"}]',
  'bridge-vlan-json': '[{"ifname": "veth1", "vlans": [{"vlan": 1}]}]',
  'bridge-fdb-json': '[{"mac": "02:00:00:00:00:01", "ifname": "veth1", "flags": [], "state": ""}]',
  'ip-neigh-json': '[{"dst": "10.0.0.2", "dev": "eth0", "lladdr": "02:00:00:00:00:02", "state": ["STALE"]}]',
  'ip-rule-json': '[{"priority": 0, "src": "all", "table": "local"}]',
  'ip-route-json': '[{"dst": "default", "gateway": "10.0.0.1", "dev": "eth0", "flags": []}]',
  'nstat-json': '{"kernel": {"IpInReceives": 3}}',
  'iptables-save': '*filter\n:INPUT ACCEPT [0:0]\nCOMMIT',
  'iptables-s': '-P INPUT ACCEPT\n-P FORWARD DROP\n-P OUTPUT ACCEPT\n-A INPUT -i lo -j ACCEPT',
  'iptables-l': ['INPUT', 'FORWARD', 'OUTPUT']
    .map((chain) => `Chain ${chain} (policy ACCEPT)\ntarget     prot opt source               destination\n`)
    .join('\n'),
  'lsns-json': '{"namespaces": [{"ns": 4026531833, "type": "net", "pid": 1, "command": "/sbin/init"}]}',
  'ip-netns-json': '[{"name": "red", "id": 0}]',
  'docker-ps-json':
    '{"ID": "0123456789ab", "Names": "web", "Image": "nginx", "Ports": "0.0.0.0:8080->80/tcp", "State": "running"}',
  'docker-ps':
    'CONTAINER ID   IMAGE     COMMAND       CREATED       STATUS       PORTS                  NAMES\n0123456789ab   nginx     "/entry.sh"   2 hours ago   Up 2 hours   0.0.0.0:8080->80/tcp   web',
  'ip-addr-br':
    'lo               UNKNOWN        127.0.0.1/8 ::1/128 \neth0@if7         UP             10.0.0.2/24 fe80::1/64 ',
  'ip-link-br': 'lo               UNKNOWN        00:00:00:00:00:00 <LOOPBACK,UP,LOWER_UP> ',
  'netstat-i':
    'Kernel Interface table\nIface             MTU    RX-OK RX-ERR RX-DRP RX-OVR    TX-OK TX-ERR TX-DRP TX-OVR Flg\neth0             1500        5      0      0 0             7      0      0      0 BMRU',
  'proc-net-route':
    'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\neth0\t00000000\t0100000A\t0003\t0\t0\t0\t00000000\t0\t0\t0',
  'proc-net-sockets':
    '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n   0: 0100007F:1388 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 23062838 1',
  'proc-net-dev':
    'Inter-|   Receive                                                |  Transmit\n face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed\n    lo:       1       2    0    0    0     0          0         0        1       2    0    0    0     0       0          0',
  'proc-net-counters': 'Udp: InDatagrams NoPorts\nUdp: 5 7',
  'proc-net-softnet': `${Array.from({ length: 15 }, () => '0000000a').join(' ')}\n`,
  'proc-net-stat':
    'entries  clashres found new invalid ignore\n00000000  00000000 00000000 00000000 0000000a 00000000',
  'ethtool-s': '# ethtool -S eth0\nNIC statistics:\n     rx_packets: 5',
  lsns: '        NS TYPE NPROCS PID USER COMMAND\n4026531833 net      95   1 root /sbin/init',
  'ip-netns': 'red (id: 0)\nblue (id: 1)',
  'ipset-save': 'create bad hash:ip family inet hashsize 1024 maxelem 65536\nadd bad 10.0.0.9',
  'ipset-list': 'Name: bad\nType: hash:ip\nMembers:\n10.0.0.9',
  'ipset-xml':
    '<ipsets>\n<ipset name="bad">\n<type>hash:ip</type>\n<header><family>inet</family></header>\n</ipset>\n</ipsets>',
  nft: 'table inet filter {\n}',
  'bridge-link':
    '5: veth1@if4: <BROADCAST,UP,LOWER_UP> mtu 1500 master br0 state forwarding priority 32 cost 2 ',
  'ip-addr':
    '1: lo: <LOOPBACK,UP> mtu 65536 qdisc noqueue state UNKNOWN group default \n    inet 127.0.0.1/8 scope host lo',
  'ip-link': '1: lo: <LOOPBACK,UP> mtu 65536 qdisc noqueue state UNKNOWN mode DEFAULT group default ',
  ifconfig:
    'eth0: flags=4163<UP,BROADCAST,RUNNING,MULTICAST>  mtu 1500\n        inet 10.0.0.2  netmask 255.255.255.0',
  ss: 'Netid State  Recv-Q Send-Q Local Address:Port Peer Address:PortProcess',
  lsof: 'COMMAND  PID USER   FD   TYPE   DEVICE SIZE/OFF NODE NAME\npython3 3161 root    3u  IPv4 29056413      0t0  TCP 127.0.0.1:8131 (LISTEN)',
  netstat: 'Proto Recv-Q Send-Q Local Address           Foreign Address         State',
  'netstat-s': 'Ip:\n    10 total packets received\n    2 forwarded',
  'route-n': 'Destination     Gateway         Genmask         Flags Metric Ref    Use Iface',
  'ebtables-save':
    '# Generated by ebtables-save v1.8.9 (nf_tables) on Sat Nov 28 18:53:39 2026\n*filter\n:INPUT ACCEPT',
  'arptables-save': '# Generated by arptables-save v1.8.9 (nf_tables)\n*filter\n:INPUT ACCEPT',
  'tc-qdisc': 'qdisc noqueue 0: dev lo root refcnt 2 ',
  'tc-qdisc-json': '[{"kind": "noqueue", "handle": "0:", "dev": "lo", "root": true, "options": {}}]',
  'brctl-show': 'bridge name\tbridge id\t\tSTP enabled\tinterfaces',
  'bridge-vlan': 'port              vlan-id  \nveth1             1 PVID Egress Untagged',
  ps: 'UID        PID  PPID  C STIME TTY          TIME CMD\nroot         1     0  0 09:12 ?        00:00:05 init',
  arp: '? (10.0.0.2) at 02:00:00:00:00:02 [ether] on eth0',
  conntrack:
    'udp      17 28 src=10.0.0.1 dst=10.0.0.2 sport=1 dport=2 src=10.0.0.2 dst=10.0.0.1 sport=2 dport=1 mark=0 use=1',
  'conntrack-stats':
    'cpu=0   \tfound=0 invalid=2 insert=0 insert_failed=1 drop=1 early_drop=0 error=0 search_restart=0 ',
  nstat: '#kernel\nIpInReceives                    18                 0.0',
  'ip-rule': '0:\tfrom all lookup local',
  'bridge-fdb': '02:00:00:00:00:01 dev veth1 master br0 ',
  'ip-neigh': '10.0.0.2 dev eth0 lladdr 02:00:00:00:00:02 REACHABLE',
  'ip-route': 'default via 10.0.0.1 dev eth0 ',
  'sysctl-conf': '# Let containers out.\nnet.ipv4.ip_forward=1\n-net.ipv4.conf.all.rp_filter = 2',
  sysctl: 'net.ipv4.ip_forward = 1',
  'resolv-conf': 'nameserver 10.0.0.53',
  'nsswitch-conf': 'hosts: files dns',
  hosts: '10.0.0.5 db db.example',
  'bridge-mdb': 'dev br0 port veth1 grp 239.1.1.1 permanent',
  'bridge-mdb-json': '[{"mdb": [{"dev": "br0", "port": "veth1", "grp": "239.1.1.1"}], "router": {}}]',
  'ip-nexthop': 'id 1 via 10.0.0.1 dev eth0 scope link ',
  'ip-nexthop-json': '[{"id": 1, "gateway": "10.0.0.1", "dev": "eth0", "scope": "link", "flags": []}]',
  'ip-nexthop-bucket': 'id 10 index 0 idle_time 5 nhid 1 ',
  'ip-nexthop-bucket-json': '[{"id": 10, "bucket": {"index": 0, "idle_time": 5, "nhid": 1}, "flags": []}]',
  'nft-trace': 'trace id 8ead8ada ip raw PREROUTING policy accept ',
  'xtables-monitor': ' TRACE: 2 8ead8ada raw:PREROUTING:policy:ACCEPT ',
  'kernel-log':
    '[    0.000000] Linux version 6.18\n[   12.000000] [UFW BLOCK] IN=eth0 OUT= SRC=10.0.0.2 DST=10.0.0.9 LEN=33 TOS=0x00 PREC=0x00 TTL=64 ID=1 PROTO=UDP SPT=1 DPT=2 LEN=13 ',
};

/** What nothing is taken from. */
const UNUSED: Readonly<Record<string, string>> = {
  nmcli: 'GENERAL.DEVICE:                         eth0\nGENERAL.TYPE:                           ethernet',
  ufw: 'Status: active\n\nTo                         Action      From',
  'firewall-cmd': 'public (active)\n  target: default\n  icmp-block-inversion: no',
  'ip-vrf': 'Name              Table\n-----------------------\nred                  10',
  'ip-tunnel': 'gre1: gre/ip  remote 192.0.2.2  local 192.0.2.1  ttl inherit',
  'docker-version': 'Client: Docker Engine - Community\n Version:           27.0.3\n API version:       1.46',
  traceroute:
    'traceroute to 192.0.2.9 (192.0.2.9), 30 hops max, 60 byte packets\n 1  10.0.0.1 (10.0.0.1)  0.2 ms',
  ping: 'PING 192.0.2.9 (192.0.2.9) 56(84) bytes of data.\n\n--- 192.0.2.9 ping statistics ---',
  dig: '; <<>> DiG 9.18 <<>> db.example\n;; connection timed out; no servers could be reached',
  ethtool: 'Features for eth0:\nrx-checksumming: on',
  wg: 'interface: wg0\n  public key: xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=',
  'ip-xfrm': 'src 192.0.2.1 dst 192.0.2.2\n\tproto esp spi 0x00000101 reqid 1 mode tunnel',
  ipvsadm: 'IP Virtual Server version 1.2.1 (size=4096)\nProt LocalAddress:Port Scheduler Flags',
  lsmod: 'Module                  Size  Used by\nbr_netfilter           32768  0',
  'ebtables-list': 'Bridge table: filter\n\nBridge chain: INPUT, entries: 0, policy: ACCEPT',
  'ip-netconf': 'inet eth0 forwarding off rp_filter off mc_forwarding off proxy_neigh off',
  'ip-maddr': '1:\tlo\n\tinet  224.0.0.1\n\tinet6 ff02::1',
  'ss-summary': 'Total: 290\nTCP:   7 (estab 2, closed 1, orphaned 0, timewait 0)',
  'iptables-version': 'iptables v1.8.9 (nf_tables)',
  dmesg: '[    0.000000] Linux version 6.18\n[    1.000000] pci 0000:00: scanning',
  'proc-net-if-inet6': '00000000000000000000000000000001 01 80 10 80       lo',
  'proc-net-fib-trie': 'Main:\n  +-- 0.0.0.0/0 3 0 5\n     |-- 0.0.0.0',
  'proc-net-unix': 'Num       RefCount Protocol Flags    Type St Inode Path',
  'proc-net-netlink':
    'sk               Eth Pid        Groups   Rmem     Wmem     Dump  Locks    Drops    Inode',
  'proc-net-protocols': 'protocol  size sockets  memory press maxhdr  slab module',
  'proc-net-sockstat': 'sockets: used 290\nTCP: inuse 5 orphan 0 tw 0 alloc 7 mem 0',
  'proc-net-igmp': 'Idx\tDevice    : Count Querier\tGroup    Users Timer\tReporter',
  'proc-net-dev-mcast': '2    eth0            1     0     333300000001',
  'proc-net-tables-names': 'nat\nfilter',
  netinfo: '+++++++++++++++++++++++++++++++Net device info++++++++++++++++++++++++++++++++',
  compose: 'services:\n  web:\n    image: nginx',
  'teamdctl-json': '{"runner": {}, "setup": {"runner_name": "activebackup"}}',
  'retis-json': '{"common": {"timestamp": 30419169125909}, "kernel": {"symbol": "ovs_dp_upcall"}}',
  'ip-route-get': '8.8.8.8 via 10.0.0.1 dev eth0 src 10.0.0.5 uid 0 \n    cache ',
  'ip-route-get-json':
    '[{"dst":"10.71.0.9","dev":"lan0","prefsrc":"10.71.0.1","flags":[],"uid":0,"cache":[]}]',
  'ip-monitor':
    '[NEIGH]10.0.0.2 dev eth0 lladdr 02:00:00:00:00:02 STALE \nDeleted 10.9.0.0/24 dev eth0 scope link ',
  'conntrack-events':
    '    [NEW] udp      17 30 src=10.0.0.1 dst=10.0.0.2 sport=1 dport=2 [UNREPLIED] src=10.0.0.2 dst=10.0.0.1 sport=2 dport=1',
  'conntrack-expect':
    '300 proto=6 src=10.0.0.1 dst=10.0.0.2 sport=0 dport=2020 mask-src=255.255.255.255 mask-dst=255.255.255.255 sport=0 dport=65535 master-src=10.0.0.1 class=0 helper=ftp',
  'conntrack-xml': '<?xml version="1.0" encoding="utf-8"?>\n<conntrack>\n<flow></flow>\n</conntrack>',
  'nft-names': 'table ip nat\ntable inet own',
  'ip-tuntap': 'tap5: tap persist\ntun5: tun persist',
  'ip-token': 'token :: dev lan0\ntoken :: dev pair0',
  'ip-ntable': 'inet arp_cache \n    thresh1 128 thresh2 512 thresh3 1024 gc_int 30000 ',
  'ip-addrlabel': 'prefix ::1/128 label 0 \nprefix ::/96 label 3 ',
  'ip-tcp-metrics': '192.0.2.7 age 3.200sec cwnd 10 rtt 24us rttvar 24us source 192.0.2.1',
  'ip-netconf-json': '[{"family":"inet","interface":"lan0","forwarding":"on","rp_filter":"off"}]',
  'ip-maddr-json': '[{"ifindex":1,"ifname":"lo","maddr":[{"family":"inet","address":"224.0.0.1"}]}]',
  'brctl-showmacs': 'port no\tmac addr\t\tis local?\tageing timer\n  1\t02:11:22:33:44:55\tno\t\t   0.00',
  'brctl-showstp':
    'lan0\n bridge id\t\t8000.5a80bf9c11e1\n designated root\t8000.5a80bf9c11e1\n root port\t\t   0',
  'tc-filter':
    'filter protocol ip pref 49152 u32 chain 0 \nfilter protocol ip pref 49152 u32 chain 0 fh 800: ht divisor 1 ',
  'arptables-list': 'Chain INPUT (policy ACCEPT)\n-j DROP -s 10.0.0.1 -d 10.0.0.2 --opcode 1',
  uname: 'Linux edge-2 6.1.0-18-amd64 #1 SMP PREEMPT_DYNAMIC Debian 6.1.76-1 (2024-02-01) x86_64 GNU/Linux',
  'os-release': 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nNAME="Debian GNU/Linux"',
  'proc-net-packet': 'sk               RefCnt Type Proto  Iface R Rmem   User   Inode',
  'proc-net-ptype': 'Type Device      Function\n0800          ip_rcv',
  'proc-net-nf-log': ' 0 NONE (nfnetlink_log)\n 2 nf_log_ipv4 (nf_log_ipv4)',
  curl: '*   Trying 127.0.0.1:99...\n* connect to 127.0.0.1 port 99 failed: Connection refused\ncurl: (7) Failed to connect to 127.0.0.1 port 99',
  nc: 'nc: connect to 127.0.0.1 port 99 (tcp) failed: Connection refused',
  arping: 'ARPING 10.71.0.9 from 10.71.0.1 lan0\nSent 1 probes (1 broadcast(s))\nReceived 0 response(s)',
  networkctl: 'IDX LINK TYPE     OPERATIONAL SETUP\n  1 lo   loopback carrier     unmanaged',
  resolvectl: 'Link 2 (eth0)\n      Current Scopes: DNS\n         DNS Servers: 10.0.0.1',
  systemctl:
    '● docker.service - Docker Application Container Engine\n     Loaded: loaded (/lib/systemd/system/docker.service; enabled)',
  'docker-networks': 'NETWORK ID     NAME      DRIVER    SCOPE\n3f1c9d2b7a60   bridge    bridge    local',
  'docker-port': '80/tcp -> 0.0.0.0:8080\n80/tcp -> [::]:8080',
  'docker-images':
    'REPOSITORY   TAG       IMAGE ID       CREATED       SIZE\nnginx        alpine    3f1c9d2b7a60   2 weeks ago   41MB',
  'compose-ps':
    'NAME          IMAGE          COMMAND                  SERVICE   CREATED          STATUS          PORTS\nshop-web-1    nginx:alpine   "/docker-entrypoint.…"   web       11 minutes ago   Up 11 minutes   0.0.0.0:8080->80/tcp',
  'daemon-json': '{"bip": "10.200.0.1/24", "iptables": false}',
  kubectl:
    'NAME         TYPE        CLUSTER-IP   EXTERNAL-IP   PORT(S)   AGE\nkubernetes   ClusterIP   10.96.0.1    <none>        443/TCP   3d',
  crictl:
    'CONTAINER           IMAGE               CREATED             STATE               NAME                ATTEMPT             POD ID\n3f1c9d2b7a60e       nginx               2 hours ago         Running             web                 0                   77aa88bb99cc0',
  interfaces: 'auto eth0\niface eth0 inet static\n    address 10.0.0.2/24',
  netplan: 'network:\n  version: 2\n  ethernets:\n    eth0:\n      dhcp4: true',
  'docker-exec-json': '{"ID": "11fb006128e8", "Running": false, "ProcessConfig": {"entrypoint": "sh"}}',
};

/** Outputs that nothing but the command tells: a number, names. */
const BY_COMMAND: readonly (readonly [command: string, output: string, format: string])[] = [
  ['conntrack -C', '3', 'conntrack-count'],
  ['ipset list -n', 'hosts\nhalves', 'ipset-names'],
  [
    'nft list chains',
    'table ip filter {\n\tchain FORWARD {\n\t\ttype filter hook forward priority filter; policy drop;\n\t}\n}',
    'nft-names',
  ],
  ['docker logs web', '10.0.0.2 - - "GET / HTTP/1.1" 200', 'docker-logs'],
  ['getent hosts db', '10.0.0.5 db', 'dig'],
  ['ping -c1 db', 'ping: db: Name or service not known', 'ping'],
  ['uname -r', '6.1.0-18-amd64', 'uname'],
  ['cat /proc/net/ip_tables_matches', 'conntrack\naddrtype', 'xtables-modules'],
  ['fuser -v -n tcp 80', '  3161', 'socket-users'],
  ['sysctl -n net.ipv4.ip_forward', '0', 'sysctl'],
  ['cat /proc/sys/net/ipv4/ip_forward', '0', 'sysctl'],
];

describe('recognising by the command', () => {
  it.each(BY_COMMAND)('%s', (command, output, format) => {
    expect(recogniseDump('any-name', output, command)?.format).toBe(format);
  });

  it('gives a setting that is printed alone its name', () => {
    const settings = (command: string, output: string) =>
      [...contentOf(read('x', output, command), 'sysctls').sysctls].map(([name, { value }]) => [name, value]);
    expect(settings('sysctl -n net.ipv4.ip_forward net/ipv4/tcp_rmem', '1\n4096 131072 6291456')).toEqual([
      ['net.ipv4.ip_forward', '1'],
      ['net.ipv4.tcp_rmem', '4096 131072 6291456'],
    ]);
    expect(settings('cat /proc/sys/net/ipv4/conf/all/rp_filter', '2')).toEqual([
      ['net.ipv4.conf.all.rp_filter', '2'],
    ]);
  });

  it('gives a queue its device', () => {
    const text =
      'qdisc tbf 8001: root refcnt 2 rate 8Kbit burst 1600b lat 50ms \n Sent 60 bytes 1 pkt (dropped 7, overlimits 9 requeues 0) \n backlog 0b 0p requeues 0';
    const { qdiscs } = contentOf(read('x', text, 'tc -s qdisc show dev eth0'), 'qdiscs');
    expect(qdiscs).toMatchObject([{ kind: 'tbf', dev: 'eth0', dropped: 7 }]);
    const without = read('x', text);
    expect(contentOf(without, 'qdiscs').qdiscs).toEqual([]);
    expect(without.issues.map(({ code, line }) => [code, line])).toEqual([['dump-device', 1]]);
  });
});

describe('recognising by content', () => {
  it('has a sample of every format', () => {
    // What `ip -o addr` leaves out it says; some outputs only their command tells.
    const told = [
      ...Object.keys(SAMPLES),
      ...Object.keys(UNUSED),
      ...BY_COMMAND.map(([, , id]) => id),
      'ip-addr-o',
    ];
    expect([...new Set(told)].sort()).toEqual(
      FORMATS()
        .map(({ id }) => id)
        .sort(),
    );
  });

  it.each(Object.entries(SAMPLES))('%s', (format, text) => {
    const dump = read('any-name', text);
    expect(dump.format).toBe(format);
    expect(dump.issues).toEqual([]);
    expect(dump.why).not.toBe('');
  });

  it.each(Object.entries(UNUSED))('%s, to say why nothing is taken from it', (format, text) => {
    const dump = read('any-name', text);
    expect(dump.format).toBe(format);
    expect(dump.issues.map(({ code }) => code)).toEqual(['dump-unused']);
    expect(contentOf(dump, 'unused').why).not.toBe('');
  });

  it.each(Object.entries(SAMPLES))('%s, whatever the name says', (format, text) => {
    const misleading = format.startsWith('sysctl') ? 'ss.txt' : 'sysctl.txt';
    expect(read('any-name', text, misleading).format).toBe(format);
  });

  it.each<[string, (text: string) => string]>([
    ['CRLF', (text) => text.replaceAll('\n', '\r\n')],
    ['a byte order mark', (text) => `\ufeff${text}`],
    ['blank lines around', (text) => `\n\n${text}\n\n`],
    ['colours', (text) => text.replace(/^/gm, '\x1b[1;32m\x1b[K').replace(/$/gm, '\x1b[0m')],
    ['an idle prompt behind', (text) => `${text}\nroot@box:~# `],
    ['exit behind', (text) => `${text}\nexit\n`],
  ])('is not disturbed by %s', (_, change) => {
    for (const [format, text] of Object.entries(SAMPLES)) {
      const dump = read('any-name', change(text));
      expect(dump.format).toBe(format);
      expect(dump.issues, format).toEqual([]);
    }
  });

  it.each([
    '$ ip route',
    '# ip route',
    'root@box:~# ip route show',
    '[admin@box ~]$ sudo ip -4 route',
    'user@host:/some/dir$ sudo /sbin/ip r',
    '/ # ip route',
    'ip route',
    'sudo ip route list table main',
    '➜  ~ ip route',
    '(venv) me@box:~$ ip route',
  ])('takes off the pasted command line `%s`', (command) => {
    const dump = read('any-name', `${command}\ndefault via 10.0.0.1 dev eth0 \n`);
    const { dump4 } = contentOf(dump, 'routes');
    expect(dump.issues).toEqual([]);
    expect(dump4?.routes.map(({ span }) => span.line)).toEqual([2]);
  });

  it.each([
    ['# ip netns exec red ip route', 'red'],
    ['$ sudo ip netns exec blue-1 ip -6 route', 'blue-1'],
    ['$ ip -n green route', 'green'],
  ])('keeps the namespace of `%s`', (command, namespace) => {
    expect(read('any-name', `${command}\ndefault via 10.0.0.1 dev eth0\n`).namespace).toBe(namespace);
  });

  it('reads up to the next command, and says where that begins', () => {
    const dump = read(
      'paste',
      '$ ip route\ndefault via 10.0.0.1 dev eth0\n$ ip neigh\n10.0.0.1 dev eth0 FAILED\n',
    );
    expect(contentOf(dump, 'routes').dump4?.routes).toHaveLength(1);
    expect(dump.issues).toMatchObject([{ code: 'second-command', line: 3, path: 'paste' }]);
  });

  it('does not take a comment for a command', () => {
    const dump = read(
      'sysctl.conf',
      'net.ipv4.ip_forward = 1\n# ip forwarding is needed by docker\n; ss is no command here\nnet.ipv4.tcp_syncookies=1\n',
    );
    expect([...contentOf(dump, 'boot-sysctls').sysctls.keys()]).toEqual([
      'net.ipv4.ip_forward',
      'net.ipv4.tcp_syncookies',
    ]);
    expect(dump.issues).toEqual([]);
  });
});

describe('empty dumps', () => {
  it.each<[string, string, unknown]>([
    ['bundle/namespaces/red/ip-addr.json', '[]', { kind: 'links', links: [], withAddresses: true }],
    ['ip-addr.json', '[{}]', { kind: 'links', links: [], withAddresses: true }],
    ['ip-route.json', '[ ]\n', { kind: 'routes', family: 4, dump4: { routes: [], covers: 'main' } }],
    ['ip6-route.json', '[]', { kind: 'routes', family: 6, dump6: { routes: [], covers: 'main' } }],
    ['ip6-route.txt', '', { kind: 'routes', family: 6, dump6: { routes: [], covers: 'main' } }],
    ['ip-rule.txt', '', { kind: 'ip-rules', family: 4, rules: [] }],
    ['ip6-rule.json', '[]', { kind: 'ip-rules', family: 6, rules: [] }],
    ['ip-neigh.txt', '\n', { kind: 'neighbours', neighbours: [] }],
    ['bridge-link.json', '[]', { kind: 'bridge-ports', ports: [] }],
    ['bridge-fdb.txt', '', { kind: 'fdb', entries: [] }],
    ['bridge-vlan.json', '[]', { kind: 'bridge-vlans', vlans: [] }],
    ['nft-ruleset.txt', '', { kind: 'nft', ruleset: { path: 'nft-ruleset.txt', tables: [] } }],
    [
      'nft-ruleset.json',
      '{"nftables": [{"metainfo": {}}]}',
      { kind: 'nft', ruleset: { path: 'nft-ruleset.json', tables: [] } },
    ],
    ['ss.txt', '', { kind: 'sockets', sockets: [] }],
    ['conntrack.txt', '', { kind: 'conntrack', entries: [] }],
    [
      'conntrack',
      'conntrack v1.4.7 (conntrack-tools): 0 flow entries have been shown.\n',
      { kind: 'conntrack', entries: [] },
    ],
    ['containers.json', '[]', { kind: 'containers', containers: [] }],
    ['networks.json', '[]', { kind: 'docker-networks', networks: [] }],
    ['processes.txt', '', { kind: 'processes', processes: [] }],
    ['resolv.conf', '', { kind: 'resolver', resolver: { nameservers: [] } }],
    ['hosts', '\n', { kind: 'resolver', resolver: { hosts: [] } }],
  ])('%s holding %j was dumped and is empty', (path, text, content) => {
    const dump = read(path, text, path);
    expect(dump.content).toEqual(content);
    expect(dump.issues).toEqual([]);
  });

  it.each<[string, number, string]>([
    ['iptables-save.txt', 4, 'nft'],
    ['ip6tables-save.txt', 6, 'nft'],
    ['iptables-legacy-save.txt', 4, 'legacy'],
    ['ip6tables-legacy-save.txt', 6, 'legacy'],
  ])('an empty %s is a ruleset without tables', (path, family, backend) => {
    const { ruleset } = contentOf(read(path, '', path), 'ruleset');
    expect(ruleset).toMatchObject({ family, backend });
    expect(ruleset.tables.size).toBe(0);
  });

  it.each(['$ ip route\n', 'root@box:~# ip -6 neigh show\nroot@box:~# \n', '# iptables-save\n'])(
    'the command of %j says what is empty',
    (text) => expect(recogniseDump('paste', text)?.issues).toEqual([]),
  );

  it.each([
    ['resolv.conf', '# nothing here\n; at all\n', 'resolver'],
    ['hosts', '# nothing here\n', 'resolver'],
    ['sysctl.txt', '# nothing here\n', 'sysctls'],
    ['iptables-save.txt', '# Warning: nothing here\n', 'ruleset'],
  ])('%s of nothing but comments is empty', (path, text, kind) => {
    const dump = read(path, text, path);
    expect(dump.content.kind).toBe(kind);
    expect(dump.issues).toEqual([]);
    expect(recogniseDump('something', text)).toBeUndefined();
  });

  it('says that the other backend has rules too', () => {
    const text = '# Warning: iptables-legacy tables present, use iptables-legacy-save to see them\n';
    expect(read('x', text, 'iptables-save.txt').issues).toMatchObject([{ code: 'legacy-tables', line: 1 }]);
  });

  it.each(['', '\n \n', '[]', '[{}]', '{}'])('an empty %j of no known name says nothing', (text) => {
    expect(recogniseDump('something.txt', text, 'something.txt')).toBeUndefined();
  });
});

describe('what is no dump', () => {
  it.each<[string, string]>([
    ['prose', 'We saw that the default route was gone.\nThen we added it via 10.0.0.1 again.\nIt worked.\n'],
    [
      'a route in prose',
      'Dear all,\nthe line\ndefault via 10.0.0.1 dev eth0\nis missing on the box.\nPlease add it today.\nThanks, A.\n',
    ],
    ['a list of prefixes', 'Name: blocked\nMembers:\n10.0.0.0/8\n192.0.2.0/24\n198.51.100.0/24\n'],
    ['a configuration file', 'server.port = 80\nserver.host = web\n'],
    ['source code', 'function f() {\n  return [1, 2];\n}\n'],
    ['other JSON', '{"name": "x", "version": 1}'],
    ['an image listing of Docker', '[{"Id": "sha256:00", "RepoTags": ["a:b"], "Os": "linux"}]'],
    ['binary', '\x00\x01\x02\xff\xfe'.repeat(100)],
  ])('%s', (_, text) => {
    expect(recogniseDump('file', text)).toBeUndefined();
  });

  it('is reported with what was looked for', () => {
    const issue = unrecognised('notes.txt');
    expect(issue).toMatchObject({ severity: 'error', code: 'dump-unknown', path: 'notes.txt' });
    for (const command of ['ip addr', 'iptables-save', 'docker inspect', 'sysctl -a'])
      expect(issue.text).toContain(command);
  });
});

describe('hintOfCommand', () => {
  it.each<[string, string | undefined]>([
    ['iptables-save -c', 'iptables-save'],
    ['iptables-save/host-1.txt', 'iptables-save'],
    ['cat /proc/net/route', 'proc-net-route'],
    ['ps', 'ps'],
    ['namespaces/host/ip-addr.txt', undefined],
    ['/tmp/ip addr.txt', undefined],
    ['ss/host.txt', undefined],
  ])('%s', (command, format) => {
    expect(hintOfCommand(command)?.format).toBe(format);
  });
});
