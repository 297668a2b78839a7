/**
 * A host with a text of a stranger's in every place of its dumps and captures where one can stand: `text(place, kind)` gives it, and says
 * what it may hold there. `ant` is a container behind br0 of a host that forwards nothing.
 */
import { buildSkb } from '../../src/skb/build.ts';
import { block, enhancedBlock, interfaceBlock, option, sectionBlock, u16 } from '../capture/blocks.ts';
import { ip } from '../packet/frames.ts';
import type { Kind } from './payloads.ts';

export type TextAt = (place: string, kind: Kind) => string;

const START = 1767261600;

export function hostileFiles(text: TextAt): Record<string, string | Uint8Array> {
  const word = (place: string) => text(place, 'word');
  const token = (place: string) => text(place, 'token');
  const line = (place: string) => text(place, 'line');
  const quoted = (place: string) => text(place, 'quoted');
  const any = (place: string) => text(place, 'any');
  const file = (place: string) => text(place, 'file');
  const json = (value: unknown) => JSON.stringify(value);
  const device = any('ip-addr ifname');
  return {
    'manifest.json': json({
      format: 'nettrace-bundle/1',
      host: any('manifest host'),
      collectedAt: '2026-01-01T10:00:00Z',
      collector: any('manifest collector'),
      kernel: any('manifest kernel'),
      tools: { ip: any('manifest tool'), [any('manifest tool name')]: '1' },
      missing: [
        {
          namespace: any('manifest missing namespace'),
          what: any('manifest missing what'),
          reason: any('manifest missing reason'),
        },
      ],
      namespaces: [
        { name: 'ant', container: any('manifest container') },
        { name: any('manifest namespace'), pid: 7 },
      ],
      files: [
        {
          path: 'captures/host/br0.pcapng',
          namespace: 'host',
          interface: 'br0',
          command: `tcpdump ${any('manifest command')}`,
        },
        { path: any('manifest path'), namespace: 'host' },
      ],
    }),
    'namespaces/host/ip-addr.json': json([
      link(1, 'lo', '127.0.0.1', 8, { flags: ['LOOPBACK', 'UP', 'LOWER_UP'], link_type: 'loopback' }),
      link(2, 'eth0', '192.0.2.10', 24, {
        ifalias: any('ip-addr ifalias'),
        altnames: [any('ip-addr altname')],
        qdisc: any('ip-addr qdisc'),
        group: any('ip-addr group'),
      }),
      link(3, 'br0', '10.9.0.1', 24, { linkinfo: { info_kind: 'bridge' } }),
      link(4, 'vant', undefined, 0, { link_index: 2, master: 'br0', link_netnsid: 0 }),
      link(5, device, '198.18.0.1', 24, {
        operstate: any('ip-addr operstate'),
        linkinfo: { info_kind: any('ip-addr kind'), info_data: { mode: any('ip-addr mode') } },
        link_type: any('ip-addr link type'),
      }),
      link(6, any('ip-addr second ifname'), '198.18.1.1', 24, {
        master: any('ip-addr master'),
        link: any('ip-addr lower link'),
      }),
    ]),
    'namespaces/host/ip-route.json': json([
      { dst: 'default', gateway: '192.0.2.1', dev: 'eth0', flags: [] },
      { dst: '10.9.0.0/24', dev: 'br0', protocol: 'kernel', scope: 'link', prefsrc: '10.9.0.1', flags: [] },
      {
        dst: '192.0.2.0/24',
        dev: 'eth0',
        protocol: 'kernel',
        scope: 'link',
        prefsrc: '192.0.2.10',
        flags: [],
      },
      {
        dst: '203.0.113.0/24',
        dev: device,
        protocol: any('ip-route protocol'),
        scope: 'link',
        flags: [any('ip-route flag')],
      },
      { dst: '203.0.114.0/24', dev: 'eth0', table: any('ip-route table'), flags: [] },
      { type: any('ip-route type'), dst: '203.0.115.0/24', dev: 'eth0', flags: [] },
      { dst: any('ip-route dst'), dev: any('ip-route dev'), flags: [] },
    ]),
    'namespaces/host/ip-rule.json': json([
      { priority: 0, src: 'all', table: 'local' },
      {
        priority: 100,
        src: 'all',
        iif: any('ip-rule iif'),
        table: any('ip-rule table'),
        protocol: any('ip-rule protocol'),
      },
      { priority: 32766, src: 'all', table: 'main' },
    ]),
    'namespaces/host/ip-neigh.json': json([
      { dst: '10.9.0.20', dev: 'br0', lladdr: '02:00:00:00:09:20', state: ['REACHABLE'] },
      {
        dst: '10.9.0.21',
        dev: any('ip-neigh dev'),
        lladdr: '02:00:00:00:09:21',
        state: [any('ip-neigh state')],
      },
    ]),
    'namespaces/host/bridge-fdb.json': json([
      {
        mac: '02:00:00:00:09:20',
        ifname: 'vant',
        flags: [any('bridge-fdb flag')],
        master: 'br0',
        state: any('bridge-fdb state'),
      },
      {
        mac: '02:00:00:00:09:25',
        ifname: any('bridge-fdb ifname'),
        flags: [],
        master: any('bridge-fdb master'),
        state: '',
      },
    ]),
    'namespaces/host/sysctl.txt':
      'net.ipv4.ip_forward = 0\nnet.ipv4.conf.all.rp_filter = 0\nnet.ipv4.conf.default.rp_filter = 0\n' +
      `kernel.domainname = ${line('sysctl value')}\nnet.ipv4.conf.${word('sysctl key')}.forwarding = 0\nnet.ipv4.conf.eth0.rp_filter = ${line('sysctl number')}\n`,
    'namespaces/host/iptables-save.txt': rules(word, token, quoted),
    'namespaces/host/nft-ruleset.txt': nftRules(token, quoted),
    'namespaces/host/ipset-save.txt':
      `create ${word('ipset name')} hash:ip family inet hashsize 1024 maxelem 65536 comment\n` +
      `add ${word('ipset name')} 192.0.2.66 comment "${quoted('ipset comment').replaceAll('\\"', '')}"\n` +
      `create ifaces hash:net,iface family inet hashsize 1024 maxelem 65536\nadd ifaces 10.0.0.0/8,${word('ipset interface')}\n`,
    'namespaces/host/ss.txt':
      'Netid State  Recv-Q Send-Q Local Address:Port Peer Address:Port Process\n' +
      `tcp   LISTEN 0      128          0.0.0.0:22        0.0.0.0:*     users:(("${quoted('ss process').replaceAll(/[\\"]/g, '')}",pid=612,fd=3))\n` +
      `udp   UNCONN 0      0      127.0.0.1%${word('ss interface')}:53        0.0.0.0:*    users:(("dns",pid=613,fd=3))\n`,
    'namespaces/host/conntrack.txt': `ipv4     2 tcp      6 431999 ESTABLISHED src=10.9.0.20 dst=198.51.100.9 sport=5555 dport=80 src=198.51.100.9 dst=192.0.2.10 sport=80 dport=5555 [ASSURED] mark=0 secctx=${word('conntrack secctx')} use=1\n`,
    'namespaces/host/nstat.txt': `#kernel\nIpInAddrErrors                  3                  0.0\n${token('nstat counter')}    7      0.0\n`,
    'namespaces/host/resolv.conf': `nameserver 10.9.0.1\nsearch ${line('resolv search')}\noptions ${line('resolv options')}\n`,
    'namespaces/host/hosts': `127.0.0.1 localhost\n10.9.0.20 ant ${word('hosts name')}\n`,
    'namespaces/host/nsswitch.conf': `hosts: files ${line('nsswitch source')}\n`,
    'namespaces/host/tc-qdisc.txt': `qdisc ${word('tc kind')} 8001: dev ${word('tc dev')} root refcnt 2 ${line('tc option')}\n Sent 1 bytes 1 pkt (dropped 3, overlimits 0 requeues 0)\n backlog 0b 0p requeues 0\n`,
    'namespaces/host/ebtables-save.txt': `*filter\n:INPUT ACCEPT\n:FORWARD ACCEPT\n:OUTPUT ACCEPT\n:${word('ebtables chain')} ACCEPT\n-A FORWARD -i ${word('ebtables interface')} -j ${word('ebtables target')}\n`,
    'namespaces/ant/ip-addr.txt': `1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN group default qlen 1000
    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00
    inet 127.0.0.1/8 scope host lo
       valid_lft forever preferred_lft forever
2: eth0@if4: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc ${word('ip-addr text qdisc')} state UP group ${word('ip-addr text group')} default qlen 1000
    link/ether 02:00:00:00:09:20 brd ff:ff:ff:ff:ff:ff link-netns ${word('ip-addr text link-netns')}
    alias ${line('ip-addr text alias')}
    inet 10.9.0.20/24 brd 10.9.0.255 scope global eth0
       valid_lft forever preferred_lft forever
3: ${word('ip-addr text ifname')}: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state ${word('ip-addr text state')} group default qlen 1000
    link/ether 02:00:00:00:09:30 brd ff:ff:ff:ff:ff:ff
    inet 198.18.2.1/24 scope ${word('ip-addr text scope')} ${word('ip-addr text label')}
`,
    'namespaces/ant/ip-route.txt': `default via 10.9.0.1 dev eth0
10.9.0.0/24 dev eth0 proto kernel scope link src 10.9.0.20
198.18.9.0/24 dev ${word('ip-route text dev')} proto ${word('ip-route text proto')} scope ${word('ip-route text scope')} table ${word('ip-route text table')} realm ${word('ip-route text realm')}
`,
    'namespaces/ant/ethtool-eth0.txt': `$ ethtool -S ${word('ethtool device')}\nNIC statistics:\n     ${word('ethtool counter')}: 17\n`,
    [`namespaces/${file('folder of a namespace')}/ip-addr.txt`]:
      '1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN group default qlen 1000\n    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00\n    inet 127.0.0.1/8 scope host lo\n',
    'docker/containers.json': json([
      {
        Id: any('docker id'),
        Name: `/${any('docker name')}`,
        Image: any('docker image id'),
        Config: {
          Hostname: any('docker hostname'),
          Image: any('docker image'),
          Labels: { [any('docker label')]: any('docker label value') },
          ExposedPorts: { [any('docker exposed port')]: {} },
        },
        State: { Running: true, Pid: 4711, Status: any('docker status') },
        HostConfig: {
          NetworkMode: any('docker network mode'),
          PortBindings: { '80/tcp': [{ HostIp: any('docker host ip'), HostPort: '8080' }] },
        },
        NetworkSettings: {
          SandboxKey: any('docker sandbox'),
          Ports: {
            '80/tcp': [{ HostIp: '0.0.0.0', HostPort: any('docker host port') }],
            [any('docker port')]: null,
          },
          Networks: {
            [any('docker network of a container')]: {
              NetworkID: any('docker network id of a container'),
              IPAddress: '10.9.0.66',
              IPPrefixLen: 24,
              Gateway: any('docker gateway'),
              Aliases: [any('docker alias')],
            },
          },
        },
      },
    ]),
    'docker/networks.json': json([
      {
        Name: any('docker network'),
        Id: any('docker network id'),
        Driver: any('docker driver'),
        Scope: 'local',
        IPAM: { Driver: any('docker ipam'), Config: [{ Subnet: '10.9.0.0/24', Gateway: '10.9.0.1' }] },
        Options: { 'com.docker.network.bridge.name': any('docker bridge'), [any('docker option')]: '1' },
        Labels: {},
        Containers: {
          [any('docker member')]: { Name: any('docker member name'), IPv4Address: '10.9.0.66/24' },
        },
      },
    ]),
    'processes.txt': `UID          PID    PPID  C STIME TTY          TIME CMD\nroot           1       0  0 01:00 ?        00:00:01 /sbin/init ${line('processes command')}\n${word('processes user')}         2       0  0 01:00 ?        00:00:01 dockerd\n`,
    'traces/host/kernel.log':
      `[  100.000000] TRACE: filter:${word('trace chain')}:rule:1 IN=br0 OUT=eth0 MAC=02:00:00:00:09:01:02:00:00:00:09:20:08:00 SRC=10.9.0.20 DST=198.51.100.7 LEN=84 TOS=0x00 PREC=0x00 TTL=63 ID=1000 PROTO=ICMP TYPE=8 CODE=0 ID=78 SEQ=1\n` +
      `[  100.000001] ${line('log prefix')} IN=${word('log in')} OUT=${word('log out')} SRC=10.9.0.20 DST=198.51.100.7 LEN=84 TOS=0x00 PREC=0x00 TTL=63 ID=1000 PROTO=ICMP TYPE=8 CODE=0 ID=78 SEQ=1\n`,
    'session.txt':
      `root@${token('session host')}:~# ip netns exec ${token('session namespace')} ip link set ${token('session device')} up\n` +
      `root@${token('session host')}:~# ${token('session command')} --do ${line('session words')}\n` +
      `${line('session output')}\nroot@${token('session host')}:~# iptables -A INPUT -m comment --comment "${token('session comment')}" -j ${token('session target')}\n` +
      `iptables: ${line('session refusal')}.\n`,
    [`${file('unknown file')}.txt`]: `no dump of any kind\n${line('unknown text')}\n`,
    'captures/host/br0.pcapng': capture(any),
    [`captures/host/${file('capture file')}.pcap`]: capture(any),
  };
}

function link(
  index: number,
  name: string,
  address: string | undefined,
  prefix: number,
  more: Readonly<Record<string, unknown>>,
): object {
  return {
    ifindex: index,
    ifname: name,
    flags: ['BROADCAST', 'MULTICAST', 'UP', 'LOWER_UP'],
    mtu: 1500,
    qdisc: 'noqueue',
    operstate: 'UP',
    group: 'default',
    link_type: 'ether',
    address: `02:00:00:00:01:0${index}`,
    broadcast: 'ff:ff:ff:ff:ff:ff',
    addr_info:
      address === undefined
        ? []
        : [{ family: 'inet', local: address, prefixlen: prefix, scope: 'global', label: name }],
    ...more,
  };
}

type At = (place: string) => string;

function rules(word: At, token: At, quoted: At): string {
  return `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -i ${word('iptables interface')} -p tcp -m tcp --dport 8443 -j DNAT --to-destination 10.9.0.5:443
-A POSTROUTING -s 10.9.0.0/24 ! -o br0 -m comment --comment "${quoted('iptables nat comment')}" -j MASQUERADE
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:${word('iptables chain')} - [0:0]
-A INPUT -p icmp -m comment --comment "${quoted('iptables comment')}" -j ${word('iptables chain')}
-A ${word('iptables chain')} -i br0 -j LOG --log-prefix "${quoted('iptables log prefix')}"
-A ${word('iptables chain')} -m set --match-set ${word('iptables set')} src -j DROP
-A ${word('iptables chain')} -m string --string "${token('iptables string')}" --algo bm -j DROP
-A ${word('iptables chain')} -m ${token('iptables match')} --with ${word('iptables option')} -j DROP
-A ${word('iptables chain')} -m recent --name ${word('iptables recent')} --update -j DROP
-A FORWARD -i ${word('iptables in')} -o ${word('iptables out')} -m comment --comment "${quoted('iptables forward comment')}" -j ACCEPT
-A FORWARD -s 10.9.0.0/24 -m comment --comment "${quoted('iptables drop comment')}" -j DROP
-A FORWARD -s 10.9.0.0/25 -m comment --comment "${quoted('iptables dead comment')}" -j ACCEPT
-A FORWARD -j ${word('iptables target')}
-A ${word('iptables undeclared chain')} -j ACCEPT
COMMIT
`;
}

function nftRules(token: At, quoted: At): string {
  const comment = (place: string) => quoted(place).replaceAll(/[\\"]/g, '');
  return `table inet fw {
	comment "${comment('nft table comment')}"
	set ${token('nft set')} {
		type ipv4_addr
		comment "${comment('nft set comment')}"
		elements = { 192.0.2.77 comment "${comment('nft element comment')}" }
	}
	chain input {
		type filter hook input priority filter; policy accept;
		iifname "${comment('nft interface')}" log prefix "${comment('nft log prefix')}" counter packets 0 bytes 0 accept comment "${comment('nft comment')}"
		ip saddr @${token('nft set')} counter name "${comment('nft counter')}" drop
		jump ${token('nft chain')}
		${token('nft statement')} drop
	}
	chain ${token('nft chain')} {
		ip saddr 10.9.0.20 accept
	}
}
`;
}

/** An HTTP request and a DNS query, and one packet that nobody answers, with words of all blocks. */
function capture(any: At): Uint8Array {
  const bytes = (text: string) => [...Buffer.from(text)];
  const options = (list: readonly (readonly [code: number, text: string])[]) => [
    ...list.flatMap(([code, text]) => option(code, bytes(text))),
    ...option(0, []),
  ];
  const packets = [
    sent(
      6,
      80,
      bytes(
        `GET /${any('HTTP path')} HTTP/1.1\r\nHost: ${any('HTTP host')}\r\nUser-Agent: ${any('HTTP agent')}\r\n\r\n`,
      ),
    ),
    sent(17, 53, question(any('DNS name'))),
    sent(17, 67, dhcp(any('DHCP host name'))),
    sent(1, 0, bytes(any('echo payload'))),
    sent(17, 69, [0, 1, ...bytes(any('TFTP name')), 0, ...bytes('octet'), 0]),
  ];
  const name = block(4, [
    ...u16(1),
    ...u16(4 + Buffer.byteLength(any('pcapng resolved name')) + 1),
    ...[10, 9, 0, 20],
    ...padded([...bytes(any('pcapng resolved name')), 0]),
    ...u16(0),
    ...u16(0),
  ]);
  return Uint8Array.from([
    ...sectionBlock(
      true,
      options([
        [1, any('pcapng section comment')],
        [2, any('pcapng hardware')],
        [3, any('pcapng system')],
        [4, any('pcapng application')],
      ]),
    ),
    ...interfaceBlock(
      101,
      options([
        [1, any('pcapng interface comment')],
        [2, any('pcapng interface name')],
        [3, any('pcapng interface description')],
        [11, `\0${any('pcapng filter')}`],
        [12, any('pcapng interface system')],
        [15, any('pcapng interface hardware')],
      ]),
    ),
    ...name,
    ...packets.flatMap((packet, index) => [
      ...commented(BigInt(START + index) * 1_000_000n, packet, any('pcapng packet comment')),
    ]),
    ...block(5, [...new Array(12).fill(0), ...options([[1, any('pcapng statistics comment')]])]),
  ]);
}

function padded(bytes: readonly number[]): number[] {
  return [...bytes, ...new Array<number>((4 - (bytes.length % 4)) % 4).fill(0)];
}

/** An enhanced packet block with a comment behind its packet. */
function commented(stamp: bigint, packet: readonly number[], comment: string): number[] {
  const plain = enhancedBlock(0, stamp, packet);
  const body = plain.slice(8, -4);
  return block(6, [...body, ...option(1, [...Buffer.from(comment)]), ...option(0, [])]);
}

function sent(protocol: number, port: number, payload: readonly number[]): number[] {
  const skb = buildSkb({
    source: ip('10.9.0.20'),
    destination: ip('198.51.100.7'),
    protocol,
    ...(protocol === 1
      ? { icmpType: 8, icmpId: 78, icmpSequence: 1 }
      : { sourcePort: 40_000 + port, destinationPort: port }),
    ...(protocol === 6 && { tcpFlags: 0x18 }),
    id: 1000,
    payload: Uint8Array.from(payload),
    time: START,
  });
  return [...skb.bytes];
}

/** Labels of at most 63 bytes. */
function question(name: string): number[] {
  const bytes = [...Buffer.from(name)];
  const labels = [];
  for (let at = 0; at < bytes.length && labels.length < 3; at += 63) labels.push(bytes.slice(at, at + 63));
  const encoded = labels.flatMap((label) => [label.length, ...label]);
  return [0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, ...encoded, 0, 0, 1, 0, 1];
}

/** RFC 2132, option 12. */
function dhcp(name: string): number[] {
  const bytes = [...Buffer.from(name)].slice(0, 255);
  const fixed = [1, 1, 6, 0, ...new Array(232).fill(0)];
  return [...fixed, 0x63, 0x82, 0x53, 0x63, 53, 1, 1, 12, bytes.length, ...bytes, 255];
}
