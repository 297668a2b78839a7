/** Nothing is wrong, and there is very much of it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { bridgedHost } from '../lib/networks.mjs';

export const healthyBusy = [
  {
    name: 'healthy-busy-host',
    title: 'healthy: a front host at noon, more than fifty thousand packets of thousands of connections',
    hostname: 'front-1',
    about: `
Web, mail and name service behind forwarded ports, for three hundred clients; the services log, ask for the time and for names, and talk to
one another. Some clients poll for long, some give up, some check by half-open connections, and strangers scan. Captured on the uplink and on
the bridge, 60 bytes of each packet, after the first connections had begun; the uplink’s capture was ended before the last ones were over.`,
    see: `
Everything at once: thousands of flows, some without a beginning and some without an end, datagrams that nobody answers, SYNs that the firewall
drops as it should.`,
    expect: [
      { protocol: 'tcp', client: '198.18.5.7', server: '203.0.113.91', port: 443, statusAlso: ['unknown'] },
      { protocol: 'tcp', client: '198.18.6.3', server: '203.0.113.91', port: 25, statusAlso: ['unknown'] },
      { protocol: 'udp', client: '10.91.0.10', server: '198.51.100.95', port: 514, statusAlso: ['unknown'] },
      { protocol: 'tcp', client: '10.91.0.10', server: '10.91.0.12', port: 6379 },
    ],
    async record(lab) {
      const { host } = lab;
      const { outside, inside } = await bridgedHost(lab, {
        bridge: ['svc0', '10.91.0.1/24'],
        members: [
          ['web', 'eth0', '10.91.0.10/24', 'svc0-web'],
          ['mail', 'eth0', '10.91.0.11/24', 'svc0-mail'],
          ['cache', 'eth0', '10.91.0.12/24', 'svc0-cache'],
        ],
        uplink: ['eth0', '203.0.113.91/24'],
        gateway: '203.0.113.1',
        remotes: ['198.51.100.95', '192.0.2.123'],
      });
      const [web, mail, cache] = inside;
      await outside.sh(`
        ip route add local 198.18.0.0/16 dev lo
        ip route replace 203.0.113.91/32 dev eth0 src 198.51.100.95`);
      await host.sh(`
        iptables -P INPUT DROP; iptables -P FORWARD DROP
        iptables -A INPUT -i lo -j ACCEPT
        iptables -A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
        iptables -A INPUT -p icmp -m icmp --icmp-type 8 -m limit --limit 10/sec -j ACCEPT
        iptables -A INPUT -i eth0 -p tcp -m tcp --dport 22 -j ACCEPT
        iptables -A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
        iptables -A FORWARD -i svc0 -j ACCEPT
        iptables -A FORWARD -i eth0 -o svc0 -m conntrack --ctstate DNAT -j ACCEPT
        iptables -t nat -A PREROUTING -d 203.0.113.91/32 -p tcp -m tcp --dport 443 -j DNAT --to-destination 10.91.0.10:8443
        iptables -t nat -A PREROUTING -d 203.0.113.91/32 -p tcp -m tcp --dport 25 -j DNAT --to-destination 10.91.0.11
        iptables -t nat -A PREROUTING -d 203.0.113.91/32 -p udp -m udp --dport 53 -j DNAT --to-destination 10.91.0.12
        iptables -t nat -A POSTROUTING -s 10.91.0.0/24 ! -o svc0 -j MASQUERADE`);
      for (const namespace of [outside, ...inside])
        await namespace.sh('sysctl -qw net.ipv4.tcp_timestamps=0');
      await web.start('crowd serve 0.0.0.0 8443 --name nginx');
      await mail.start('crowd serve 0.0.0.0 25 --name master');
      await cache.start('crowd serve 0.0.0.0 6379 --name redis');
      await cache.start('peer udp-serve 0.0.0.0 53 named');
      await host.start('crowd serve 0.0.0.0 22 --name sshd');
      await outside.start('crowd hear 198.51.100.95 514 --name rsyslogd');
      await outside.start('peer udp-serve 192.0.2.123 123 chronyd');
      await outside.start('crowd serve 198.51.100.95 443 --name envoy');
      const running = [];
      const during = (namespace, command, printed) => running.push(lab.works(namespace, command, printed));
      during(outside, 'crowd habit 203.0.113.91 443 long-poll --seconds 6');
      during(web, 'crowd habit 198.51.100.95 443 keepalive --seconds 9');
      await sleep(400);
      const cut = { snaplen: 60, gzip: true };
      const [uplink, bridge] = await lab.capture(host, ['eth0', 'svc0'], cut);
      const ask = (port, net, clients, asks, size) =>
        during(
          outside,
          `crowd busy 203.0.113.91 ${port} --source-net ${net} --clients ${clients} --asks ${asks} --size ${size}`,
          new RegExp(`^${clients * asks} of`),
        );
      const strangers = Array.from({ length: 30 }, (_, index) => `198.18.${40 + (index % 9)}.${30 + index}`);
      ask(443, '198.18.5', 180, 10, 3000);
      ask(25, '198.18.6', 60, 8, 600);
      during(outside, 'crowd habit 203.0.113.91 443 give-up --seconds 5');
      during(outside, 'crowd habit 203.0.113.91 443 reset-after-close');
      during(outside, 'crowd habit 203.0.113.91 25 health-check');
      during(outside, 'crowd habit 203.0.113.91 443 zero-window --seconds 2');
      during(
        outside,
        `crowd scan 203.0.113.91 ${strangers.join(' ')} --ports 21,23,80,110,445,1433,3306,3389,8080,9200`,
      );
      during(outside, 'peer udp-ask 203.0.113.91 53 --tries 40 --pause 0.1', /40 of 40/);
      during(web, 'crowd busy 10.91.0.12 6379 --clients 20 --asks 10 --size 400', /200 of 200/);
      during(web, 'crowd say 198.51.100.95 514 --tries 80');
      during(mail, 'crowd say 198.51.100.95 514 --tries 60');
      during(mail, 'peer udp-ask 192.0.2.123 123 --tries 8 --pause 0.8', /8 of 8/);
      during(mail, 'ping -n -c 8 -i 0.5 198.51.100.95');
      during(host, 'ping -n -c 8 -i 0.5 198.51.100.95');
      await Promise.all(running);
      ask(443, '198.18.7', 20, 3, 3000);
      await sleep(40);
      await uplink.stop();
      await Promise.all(running);
      await lab.captured();
      const packets = uplink.count() + bridge.count();
      if (packets < 50_000) throw new Error(`${packets} packets only`);
      lab.verified.push(`${packets} packets in both captures`);
      lab.seen(uplink, 'tcp[13] == 2 and dst port 3389');
      lab.seen(bridge, 'dst host 10.91.0.10 and tcp dst port 8443');
      await lab.dump(host, { plus: ['nstat-all'] });
      for (const namespace of inside) await lab.dump(namespace);
    },
  },
];
