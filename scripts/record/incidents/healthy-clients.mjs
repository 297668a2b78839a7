/** Nothing is wrong: clients and servers with habits that look like faults. */
import { setTimeout as sleep } from 'node:timers/promises';
import { bridgedHost, routed } from '../lib/networks.mjs';

export const healthyClients = [
  {
    name: 'healthy-odd-endings',
    title:
      'healthy: keep-alives, closed windows, health checks by half-open connections, resets after the end',
    hostname: 'lb-1',
    about: `
One service behind a router and clients with all their habits: one is silent but for keep-alives, one reads slowly so that its window closes,
load balancers check by connecting and resetting or with a SYN alone, one leaves in the middle of an answer, one polls for news
that come late, and one gives up waiting.`,
    see: `
RST in nearly every connection, segments without payload again and again, a window of zero, two connections that end without a byte of
answer. The service answered every question that somebody waited for.`,
    expect: [
      { protocol: 'tcp', client: '10.80.1.4', server: '10.80.2.10', port: 7070, statusAlso: ['degraded'] },
    ],
    async record(lab) {
      const { host } = lab;
      const clients = await lab.netns('clients');
      const service = await lab.netns('service');
      await routed(lab, {
        left: [clients, 'eth0', '10.80.1.4/24'],
        router: [host, ['inner', '10.80.1.1/24'], ['outer', '10.80.2.1/24']],
        right: [service, 'eth0', '10.80.2.10/24'],
      });
      await clients.sh('ip route add default via 10.80.1.1');
      await service.sh('ip route add default via 10.80.2.1');
      await host.sh(`
        iptables -P FORWARD DROP
        iptables -A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
        iptables -A FORWARD -i inner -o outer -p tcp -m tcp --dport 7070 -m conntrack --ctstate NEW -j ACCEPT`);
      await service.start('crowd serve 0.0.0.0 7070 --name api');
      const [inner, outer] = await lab.capture(host, ['inner', 'outer'], { snaplen: 128, gzip: true });
      const own = await lab.capture(service, 'eth0', { snaplen: 128, gzip: true });
      const ask = '10.80.2.10 7070';
      const habits = [
        'keepalive --seconds 4.5',
        'zero-window --seconds 3',
        'health-check',
        'half-open',
        'reset-after-close',
        'long-poll --seconds 3',
        'give-up --seconds 4',
        'upload',
      ];
      const running = habits.map((habit) => lab.works(clients, `crowd habit ${ask} ${habit}`));
      await Promise.all(running);
      await lab.captured();
      lab.seen(inner, 'tcp[14:2] == 0 and tcp[13] & 4 == 0');
      lab.seen(outer, 'tcp[13] & 4 != 0 and src host 10.80.1.4');
      lab.seen(own, 'tcp[13] == 2');
      for (const namespace of [host, clients, service]) await lab.dump(namespace);
    },
  },
  {
    name: 'healthy-rough-path',
    title:
      'healthy: segments that are lost and arrive in another order beyond the host, all of them recovered',
    hostname: 'cpe-1',
    about: `
Behind the provider's router, of which nobody has dumps, every fifteenth packet is lost and every seventh takes a slower way and comes late.
\`desk\` moves half a megabyte both ways, resolves names, and pings; everything gets there in the end.`,
    see: `
Retransmissions, duplicate acknowledgements, segments out of order, an echo request without reply, a name that had to be asked for twice.`,
    expect: [
      { protocol: 'tcp', client: '10.81.0.6', server: '198.51.100.81', port: 443 },
      { protocol: 'udp', client: '10.81.0.6', server: '198.51.100.81', port: 123 },
      { protocol: 'icmp', client: '10.81.0.6', server: '198.51.100.81' },
    ],
    async record(lab) {
      const { host } = lab;
      const { outside, inside } = await bridgedHost(lab, {
        bridge: ['home', '10.81.0.1/24'],
        members: [['desk', 'enp2s0', '10.81.0.6/24', 'home-desk']],
        uplink: ['wan', '203.0.113.81/24'],
        gateway: '203.0.113.1',
      });
      const [desk] = inside;
      const far = await lab.machine('far');
      for (const [name, device, net] of [
        ['fast', 'eth0', '100.64.1'],
        ['slow', 'eth1', '100.64.2'],
      ]) {
        await lab.wire(outside, name, far, device);
        await outside.sh(`ip addr add ${net}.1/30 dev ${name}`);
        await far.sh(`ip addr add ${net}.2/30 dev ${device}`);
      }
      await far.sh('ip addr add 198.51.100.81/32 dev lo; ip route add default via 100.64.1.1');
      await outside.sh(`
        ip route add 198.51.100.81 via 100.64.1.2
        ip route add default via 100.64.2.2 table 7; ip rule add fwmark 7 lookup 7
        tc qdisc add dev slow root tbf rate 900kbit burst 1600 limit 60000
        iptables -t mangle -A PREROUTING -m statistic --mode nth --every 7 --packet 0 -j MARK --set-mark 7
        iptables -A FORWARD -m statistic --mode nth --every 15 --packet 0 -j DROP`);
      await host.sh('iptables -t nat -A POSTROUTING -s 10.81.0.0/24 -o wan -j MASQUERADE');
      await far.start('crowd serve 198.51.100.81 443 --name h2o');
      await far.start('peer udp-serve 198.51.100.81 123 chronyd');
      // Whole segments would be whole again behind the host: GSO hides what the path does.
      for (const [namespace, device] of [
        [desk, 'enp2s0'],
        [far, 'eth0'],
      ])
        await namespace.sh(`ip link set ${device} gso_max_segs 1`);
      const [bridge, uplink] = await lab.capture(host, ['home', 'wan'], { snaplen: 96, gzip: true });
      const own = await lab.capture(desk, 'enp2s0', { snaplen: 96, gzip: true });
      await lab.works(desk, 'crowd habit 198.51.100.81 443 download');
      await lab.works(desk, 'crowd habit 198.51.100.81 443 upload');
      await lab.works(desk, 'crowd busy 198.51.100.81 443 --clients 2 --asks 3 --size 9000', /6 of 6/);
      await lab.works(desk, 'peer udp-ask 198.51.100.81 123 --tries 12', / of 12/);
      await lab.works(desk, 'ping -n -c 12 -i 0.2 198.51.100.81');
      await lab.captured();
      lab.seen(uplink, 'icmp[icmptype] == icmp-echo', 12);
      lab.seen(bridge, 'tcp dst port 443');
      lab.seen(own, 'tcp src port 443');
      await lab.counted(desk, 'TcpRetransSegs', 3);
      for (const namespace of [host, desk]) await lab.dump(namespace, { plus: ['nstat-all'] });
    },
  },
  {
    name: 'healthy-two-uplinks',
    title: 'healthy: requests come in by one uplink, answers leave by the other, and rp_filter is loose',
    hostname: 'dual',
    about: `
A host with two providers. Its address of the first one is asked; the default route leads to the second one, and so the answers take that way. Reverse path
filtering is loose (2) on both, and the providers let it pass. Both uplinks were captured.`,
    see: `
\`isp1\` shows requests only, \`isp2\` answers only. The acknowledgements in the requests show that the answers arrived.`,
    expect: [
      { protocol: 'tcp', client: '198.51.100.82', server: '203.0.113.82', port: 443 },
      { protocol: 'icmp', client: '198.51.100.82', server: '203.0.113.82' },
      { protocol: 'udp', client: '198.51.100.82', server: '203.0.113.82', port: 53 },
    ],
    async record(lab) {
      const { host } = lab;
      const internet = await lab.machine('internet');
      await lab.wire(host, 'isp1', internet, 'one');
      await lab.wire(host, 'isp2', internet, 'two');
      await host.sh(`
        ip addr add 203.0.113.82/29 dev isp1; ip addr add 192.0.2.82/29 dev isp2
        ip route add default via 192.0.2.81
        sysctl -qw net.ipv4.conf.isp1.rp_filter=2 net.ipv4.conf.isp2.rp_filter=2 net.ipv4.conf.all.rp_filter=1
        iptables -A INPUT -i lo -j ACCEPT
        iptables -A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
        iptables -A INPUT -p icmp -j ACCEPT
        iptables -A INPUT -p tcp -m tcp --dport 443 -j ACCEPT
        iptables -A INPUT -p udp -m udp --dport 53 -j ACCEPT
        iptables -P INPUT DROP`);
      await internet.sh(`
        ip addr add 203.0.113.81/29 dev one; ip addr add 192.0.2.81/29 dev two
        ip addr add 198.51.100.82/32 dev lo; ip route replace 203.0.113.80/29 dev one src 198.51.100.82`);
      await host.start('crowd serve 0.0.0.0 443 --name caddy');
      await host.start('peer udp-serve 203.0.113.82 53 named');
      const [one, two] = await lab.capture(host, ['isp1', 'isp2']);
      await lab.works(internet, 'crowd busy 203.0.113.82 443 --clients 2 --asks 2', /4 of 4/);
      await lab.works(internet, 'ping -n -c 2 -i 0.3 203.0.113.82');
      await lab.works(internet, 'peer udp-ask 203.0.113.82 53 --size 20', /3 of 3/);
      await lab.captured();
      lab.unseen(one, 'src host 203.0.113.82 and (tcp or udp or icmp)');
      lab.unseen(two, 'dst host 203.0.113.82 and (tcp or udp or icmp)');
      lab.seen(two, 'src host 203.0.113.82 and tcp');
      await lab.dump(host);
    },
  },
  {
    name: 'healthy-asked-since-yesterday',
    title: 'healthy: the container was made anew between capture and dumps, with another address',
    hostname: 'ci-3',
    about: `
A capture of the morning; in the afternoon somebody collected the dumps. In between \`web\` had been made anew with another address, and forwarded port and rule
were moved to it.`,
    see: `
Traffic to 10.83.0.5, which nothing in the dumps has any more: the DNAT rule says 10.83.0.9. It worked when it was captured, and works now.`,
    expect: [{ protocol: 'tcp', client: '192.0.2.183', server: '192.0.2.182', port: 8083 }],
    async record(lab) {
      const { host } = lab;
      const { outside, inside } = await bridgedHost(lab, {
        bridge: ['ci0', '10.83.0.1/24'],
        members: [['web', 'eth0', '10.83.0.5/24', 'ci0-web']],
        uplink: ['eth0', '192.0.2.182/25'],
        gateway: '192.0.2.183',
      });
      const [web] = inside;
      const rule = (action, to) =>
        `iptables -t nat ${action} -p tcp -m tcp --dport 8083 -j DNAT --to-destination ${to}:80`;
      await host.sh(`
        ${rule('-A PREROUTING', '10.83.0.5')}
        iptables -t nat -A POSTROUTING -s 10.83.0.0/24 ! -o ci0 -j MASQUERADE`);
      await web.start('crowd serve 0.0.0.0 80 --name nginx');
      const [bridge, uplink] = await lab.capture(host, ['ci0', 'eth0']);
      await lab.works(outside, 'crowd busy 192.0.2.182 8083 --clients 2 --asks 2', /4 of 4/);
      await lab.works(web, 'ping -n -c 2 -i 0.3 192.0.2.183');
      await lab.captured();
      lab.seen(bridge, 'dst host 10.83.0.5 and tcp dst port 80');
      lab.seen(uplink, 'tcp dst port 8083');
      await web.sh(
        'ip addr flush dev eth0; ip addr add 10.83.0.9/24 dev eth0; ip route add default via 10.83.0.1',
      );
      await host.sh(
        `${rule('-R PREROUTING 1', '10.83.0.9')}; conntrack -F 2>/dev/null; ip neigh flush all; sleep 0.2`,
      );
      await lab.worksBefore(outside, 'crowd busy 192.0.2.182 8083', 'after it was made anew');
      await sleep(200);
      await lab.dump(host);
      await lab.dump(web);
    },
  },
];
