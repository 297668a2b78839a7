/** Nothing is wrong: what strangers and neighbours send, and questions that are meant to end in an error. */
import { setTimeout as sleep } from 'node:timers/promises';
import { bridgedHost } from '../lib/networks.mjs';

export const healthyStrangers = [
  {
    name: 'healthy-chatty-lan',
    title: 'healthy: a LAN full of STP, LLDP, VRRP, mDNS, SSDP, NetBIOS, DHCP and ARP for absent machines',
    hostname: 'nas',
    about: `
A bridge with spanning tree on, a guest that configures itself by IPv6 while the capture runs, another that gets its address by DHCP, and a box of a neighbour that
talks all protocols of a LAN at once and looks for machines that are not there. Names are looked up that don't exist, or have no IPv6 address.`,
    see: `
Questions that nobody answers, by ARP, mDNS, LLMNR, SSDP, NetBIOS and router solicitation; NXDOMAIN; empty answers for AAAA. None of it is
a fault.`,
    expect: [
      { protocol: 'tcp', client: '10.84.0.20', server: '10.84.0.1', port: 445 },
      { protocol: 'udp', client: '10.84.0.20', server: '10.84.0.1', port: 53 },
    ],
    async record(lab) {
      const { host } = lab;
      await host.sh('ip link add lan0 type bridge stp_state 1 forward_delay 200; ip link set lan0 up');
      await host.sh('ip addr add 10.84.0.1/24 dev lan0; ip addr add fd84::1/64 dev lan0 nodad');
      const guest = await lab.netns('guest');
      const telly = await lab.netns('telly');
      const box = await lab.machine('box');
      for (const [namespace, port] of [
        [guest, 'lan0-guest'],
        [telly, 'lan0-telly'],
        [box, 'lan0-box'],
      ]) {
        await lab.wire(host, port, namespace, 'eth0');
        await host.sh(`ip link set ${port} master lan0`);
      }
      await sleep(5000);
      await guest.sh('ip addr add 10.84.0.20/24 dev eth0; ip route add default via 10.84.0.1');
      await box.sh('ip addr add 10.84.0.7/24 dev eth0');
      await host.start(
        'dnsmasq --keep-in-foreground --log-facility=- --conf-file=/dev/null --no-resolv --no-hosts --user=root --pid-file= --dhcp-leasefile=/tmp/leases --bind-interfaces --interface=lan0 --except-interface=lo --dhcp-range=10.84.0.100,10.84.0.120,1h --enable-ra --dhcp-range=::,constructor:lan0,ra-only --local=/home.example/ --host-record=nas.home.example,10.84.0.1',
        /started/,
      );
      await host.start('crowd serve 10.84.0.1 445 --name smbd');
      guest.files.set('/etc/resolv.conf', 'search home.example\nnameserver 10.84.0.1\n');
      const [bridge, port] = await lab.capture(host, ['lan0', 'lan0-telly'], { gzip: true });
      const any = await lab.capture(host, 'any', { gzip: true });
      const own = await lab.capture(guest, 'eth0', { gzip: true });
      const talk = box.attempt('crowd chatter eth0 --address 10.84.0.7 --seconds 4');
      await telly.sh(
        'ip link set eth0 down; ip link set eth0 up; udhcpc -i eth0 -n -q -f -s /bin/true -t 4 >/dev/null 2>&1 || true',
      );
      await lab.works(guest, 'crowd busy 10.84.0.1 445 --clients 2 --asks 2', /4 of 4/);
      await lab.works(guest, 'nslookup -type=a nas.home.example', /10\.84\.0\.1/);
      await guest.attempt('nslookup -type=aaaa nas.home.example');
      await guest.attempt('nslookup -type=a printer.home.example');
      await guest.attempt('ping -n -c 1 fd84::1');
      const { code, output } = await talk;
      if (code !== 0) throw new Error(output);
      await lab.captured();
      lab.seen(bridge, 'udp port 5353');
      lab.seen(port, 'stp');
      lab.seen(any, 'ether proto 0x88cc');
      lab.seen(own, 'arp and arp[24:4] == 0x0a5400c7');
      lab.seen(own, 'udp src port 53');
      await lab.dump(host, { plus: ['ip6-route', 'ip-link'] });
      await lab.dump(guest, { plus: ['ip6-route'] });
      await lab.dump(telly, { plus: ['ip6-route'] });
    },
  },
  {
    name: 'healthy-scanned-host',
    title:
      'healthy: a server on the internet, scanned by strangers all the time; its firewall drops what nobody serves',
    hostname: 'www-1',
    about: `
HTTPS and SSH are open, everything else falls to INPUT's policy DROP; PostgreSQL listens on all addresses, for its own machines alone. While two visitors use the web
site, forty strangers try a handful of ports each with single SYNs, UDP probes and pings.`,
    see: `
Hundreds of SYNs without an answer, also to a port where something listens. That is what the firewall is for: the visitors were served.`,
    expect: [
      { protocol: 'tcp', client: '198.51.100.10', server: '203.0.113.85', port: 443 },
      { protocol: 'tcp', client: '198.51.100.11', server: '203.0.113.85', port: 22 },
    ],
    async record(lab) {
      const { host } = lab;
      const internet = await lab.machine('internet');
      await lab.wire(host, 'eth0', internet, 'eth0');
      await host.sh(`
        ip addr add 203.0.113.85/24 dev eth0; ip route add default via 203.0.113.1
        iptables -A INPUT -i lo -j ACCEPT
        iptables -A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
        iptables -A INPUT -m conntrack --ctstate INVALID -j DROP
        iptables -A INPUT -p icmp -m icmp --icmp-type 8 -m limit --limit 5/sec -j ACCEPT
        iptables -A INPUT -p tcp -m tcp --dport 443 -j ACCEPT
        iptables -A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
        iptables -A INPUT -s 203.0.113.0/28 -p tcp -m tcp --dport 5432 -j ACCEPT
        iptables -A INPUT -p tcp -m tcp --dport 113 -j REJECT --reject-with tcp-reset
        iptables -P INPUT DROP`);
      const strangers = Array.from({ length: 40 }, (_, index) => `198.18.${index % 7}.${20 + index * 5}`);
      await internet.sh(`
        ip addr add 203.0.113.1/24 dev eth0
        ip addr add 198.51.100.10/32 dev lo; ip addr add 198.51.100.11/32 dev lo
        ${strangers.map((address) => `ip addr add ${address}/32 dev lo`).join('; ')}
        ip route replace 203.0.113.85/32 dev eth0 src 198.51.100.10`);
      await host.start('crowd serve 0.0.0.0 443 --name nginx');
      await host.start('crowd serve 0.0.0.0 22 --name sshd');
      await host.start('crowd serve 0.0.0.0 5432 --name postgres');
      const uplink = await lab.capture(host, 'eth0', { gzip: true });
      const scan = internet.attempt(
        `crowd scan 203.0.113.85 ${strangers.join(' ')} --ports 21,22,23,25,80,110,113,139,445,1433,3306,3389,5060,5432,5900,6379,8080,8443,9200,27017`,
      );
      await lab.works(internet, 'crowd busy 203.0.113.85 443 --clients 3 --asks 6', /18 of 18/);
      await internet.sh('ip route replace 203.0.113.85/32 dev eth0 src 198.51.100.11');
      await lab.works(internet, 'crowd busy 203.0.113.85 22 --clients 1 --asks 2', /2 of 2/);
      await lab.works(internet, 'ping -n -c 2 -i 0.4 203.0.113.85');
      const { code, output } = await scan;
      if (code !== 0) throw new Error(output);
      await sleep(1500);
      await lab.captured();
      lab.seen(uplink, 'tcp[13] == 2 and dst port 3389');
      lab.unseen(uplink, 'src port 3389 or src port 5432');
      lab.seen(uplink, 'src port 22 and tcp[13] == 18');
      await lab.ruleHit(host, 'filter INPUT 0', '-P INPUT DROP', 100);
      await lab.dump(host);
    },
  },
  {
    name: 'healthy-traceroute',
    title: 'healthy: traceroute, redirects, and refusals that were asked for',
    hostname: 'r1',
    about: `
\`desk\` traces the way to \`far\` over two routers, by UDP and by ICMP, and asks a monitor question of a port that is closed on purpose. Its default
route leads to the wrong one of two routers on its subnet, which says so by ICMP redirect and forwards all the same.`,
    see: `
Time exceeded from both routers, port unreachable from \`far\` (fewer than there were probes: the kernel limits the rate), redirects. Without
these answers traceroute would have nothing to show.`,
    expect: [
      { protocol: 'tcp', client: '10.86.1.10', server: '10.86.3.10', port: 80 },
      { protocol: 'icmp', client: '10.86.1.10', server: '10.86.3.10', statusAlso: ['rejected', 'degraded'] },
    ],
    async record(lab) {
      const { host } = lab;
      const [desk, other, r2, far] = [
        await lab.netns('desk'),
        await lab.netns('other'),
        await lab.netns('r2'),
        await lab.netns('far'),
      ];
      await host.sh(
        'ip link add floor type bridge; ip link set floor up; ip addr add 10.86.1.1/24 dev floor',
      );
      await host.sh('sysctl -qw net.bridge.bridge-nf-call-iptables=0');
      for (const [namespace, device, address, port] of [
        [desk, 'eth0', '10.86.1.10/24', 'floor-desk'],
        [other, 'lan', '10.86.1.2/24', 'floor-other'],
      ]) {
        await lab.wire(host, port, namespace, device);
        await host.sh(`ip link set ${port} master floor`);
        await namespace.sh(`ip addr add ${address} dev ${device}`);
      }
      await lab.wire(host, 'core', r2, 'north');
      await lab.wire(r2, 'south', far, 'eth0');
      await host.sh(`
        ip addr add 10.86.2.1/30 dev core; ip route add 10.86.3.0/24 via 10.86.2.2
        sysctl -qw net.ipv4.ip_forward=1 net.ipv4.icmp_ratemask=6168`);
      await r2.sh(`
        ip addr add 10.86.2.2/30 dev north; ip addr add 10.86.3.1/24 dev south; ip route add 10.86.1.0/24 via 10.86.2.1
        sysctl -qw net.ipv4.ip_forward=1`);
      await far.sh('ip addr add 10.86.3.10/24 dev eth0; ip route add default via 10.86.3.1');
      await other.sh('sysctl -qw net.ipv4.ip_forward=1; ip route add default via 10.86.1.1');
      await desk.sh('ip route add default via 10.86.1.2');
      await far.start('crowd serve 0.0.0.0 80 --name httpd');
      const [floor, core] = await lab.capture(host, ['floor', 'core']);
      const own = await lab.capture(desk, 'eth0');
      await lab.works(desk, 'crowd busy 10.86.3.10 80 --clients 2 --asks 2', /4 of 4/);
      await lab.works(desk, 'traceroute -n -q 2 -w 1 10.86.3.10', /10\.86\.3\.10/);
      await lab.works(desk, 'traceroute -I -n -q 1 -w 1 10.86.3.10', /10\.86\.3\.10/);
      await lab.works(desk, 'ping -n -c 3 -i 0.3 10.86.3.10');
      await lab.captured();
      lab.seen(floor, 'icmp[icmptype] == icmp-timxceed');
      lab.seen(own, 'icmp[icmptype] == icmp-redirect');
      lab.seen(own, 'icmp[icmptype] == icmp-unreach');
      lab.seen(core, 'udp and ip[8] == 1');
      for (const namespace of [host, desk, other, r2, far]) await lab.dump(namespace, { form: 'text' });
    },
  },
  {
    name: 'healthy-one-way-traffic',
    title: 'healthy: syslog, statsd and flow records that nobody answers, inside the host and out of it',
    hostname: 'mon-1',
    quiet: true,
    about: `
\`agent\` sends syslog to a collector outside, statsd to \`metrics\` on its own bridge and flow records to the host; a sensor outside sends SNMP traps to a forwarded port. None of
these protocols answers.`,
    see: `
UDP in one direction only, four times. Each datagram arrived.`,
    expect: [
      { protocol: 'udp', client: '10.87.0.5', server: '198.51.100.87', port: 514, statusAlso: ['unknown'] },
      { protocol: 'udp', client: '10.87.0.5', server: '10.87.0.6', port: 8125, statusAlso: ['unknown'] },
      { protocol: 'udp', client: '10.87.0.5', server: '10.87.0.1', port: 2055, statusAlso: ['unknown'] },
      { protocol: 'udp', client: '203.0.113.1', server: '203.0.113.87', port: 162, statusAlso: ['unknown'] },
    ],
    async record(lab) {
      const { host } = lab;
      const { outside, inside } = await bridgedHost(lab, {
        bridge: ['mon0', '10.87.0.1/24'],
        members: [
          ['agent', 'eth0', '10.87.0.5/24', 'mon0-a'],
          ['metrics', 'eth0', '10.87.0.6/24', 'mon0-m'],
        ],
        uplink: ['eth0', '203.0.113.87/24'],
        gateway: '203.0.113.1',
        remotes: ['198.51.100.87'],
      });
      const [agent, metrics] = inside;
      await host.sh(`
        iptables -t nat -A POSTROUTING -s 10.87.0.0/24 ! -o mon0 -j MASQUERADE
        iptables -t nat -A PREROUTING -i eth0 -p udp -m udp --dport 162 -j DNAT --to-destination 10.87.0.6:10162`);
      await outside.start('crowd hear 198.51.100.87 514 --name rsyslogd');
      await metrics.start('crowd hear 0.0.0.0 8125 --name statsd');
      await metrics.start('crowd hear 0.0.0.0 10162 --name snmptrapd');
      await host.start('crowd hear 0.0.0.0 2055 --name nfcapd');
      const [bridge, uplink] = await lab.capture(host, ['mon0', 'eth0']);
      const own = await lab.capture(metrics, 'eth0');
      await lab.works(agent, 'crowd say 198.51.100.87 514 --tries 12');
      await lab.works(agent, 'crowd say 10.87.0.6 8125 --tries 12');
      await lab.works(agent, 'crowd say 10.87.0.1 2055 --tries 6');
      await lab.works(outside, 'crowd say 203.0.113.87 162 --tries 6');
      await lab.captured();
      lab.seen(uplink, 'udp and src host 203.0.113.87 and dst port 514', 12);
      lab.seen(bridge, 'udp dst port 2055', 6);
      lab.seen(own, 'udp dst port 8125', 12);
      lab.seen(own, 'udp dst port 10162', 6);
      for (const capture of [bridge, uplink, own]) lab.unseen(capture, 'icmp');
      for (const namespace of [host, agent, metrics]) await lab.dump(namespace);
    },
  },
];
