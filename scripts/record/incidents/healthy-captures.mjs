/** Nothing is wrong with the network; the captures are as captures are: filtered, cut, late, lossy, with a clock that is off. */
import { setTimeout as sleep } from 'node:timers/promises';
import { bridgedHost } from '../lib/networks.mjs';

export const healthyCaptures = [
  {
    name: 'healthy-six-taps',
    title:
      'healthy: one connection, captured in six places, cut to 68 bytes, the bridge without promiscuous mode',
    hostname: 'taps',
    about: `
\`app\` uploads and downloads some hundred kilobytes, from a server outside by MASQUERADE and from \`store\` on its own bridge. The same
packets are captured in \`app\`, on its port \`port-app\`, on the bridge (\`-p\`), on the uplink, and on \`any\`; those with \`-s 68\` lack the payload.`,
    see: `
Segments of ten thousand bytes and more on links with MTU 1500 (TSO, GRO), checksums that are only begun (CHECKSUM_PARTIAL), each packet
four times in \`any.pcap\`. What \`app\` and \`store\` tell one another is not on the bridge: without promiscuous mode a bridge shows what is
for the host itself.`,
    expect: [
      { protocol: 'tcp', client: '10.71.0.20', server: '198.51.100.40', port: 8443 },
      { protocol: 'tcp', client: '10.71.0.20', server: '10.71.0.30', port: 9000 },
      { protocol: 'udp', client: '10.71.0.20', server: '10.71.0.30', port: 5140 },
      { protocol: 'icmp', client: '10.71.0.20', server: '10.71.0.30' },
    ],
    async record(lab) {
      const { host } = lab;
      const { outside, inside } = await bridgedHost(lab, {
        bridge: ['br-app', '10.71.0.1/24'],
        members: [
          ['app', 'eth0', '10.71.0.20/24', 'port-app'],
          ['store', 'eth0', '10.71.0.30/24', 'port-store'],
        ],
        uplink: ['eth0', '203.0.113.71/24'],
        gateway: '203.0.113.1',
        remotes: ['198.51.100.40'],
      });
      const [app, store] = inside;
      await host.sh('iptables -t nat -A POSTROUTING -s 10.71.0.0/24 ! -o br-app -j MASQUERADE');
      await outside.start('crowd serve 198.51.100.40 8443 --name envoy');
      await store.start('crowd serve 0.0.0.0 9000 --name minio');
      await store.start('peer udp-serve 0.0.0.0 5140 logd');
      const cut = { snaplen: 68, gzip: true };
      const [port, uplink] = await lab.capture(host, ['port-app', 'eth0'], cut);
      const bridge = await lab.capture(host, 'br-app', { promiscuous: false, ...cut });
      const any = await lab.capture(host, 'any', cut);
      const own = await lab.capture(app, 'eth0', { snaplen: 96, gzip: true });
      await lab.works(app, 'ping -n -c 2 -i 0.3 10.71.0.30');
      await lab.works(app, 'crowd habit 198.51.100.40 8443 upload');
      await lab.works(app, 'crowd habit 198.51.100.40 8443 download');
      await lab.works(app, 'crowd habit 10.71.0.30 9000 download');
      await lab.works(app, 'peer udp-ask 10.71.0.30 5140', /3 of 3/);
      await lab.captured();
      lab.seen(own, 'tcp and greater 5000');
      lab.seen(any, 'src host 203.0.113.71 and tcp');
      lab.seen(uplink, 'tcp and greater 5000');
      lab.seen(port, 'dst port 9000');
      lab.unseen(bridge, 'host 10.71.0.30 and ip');
      for (const namespace of [host, app, store]) await lab.dump(namespace);
    },
  },
  {
    name: 'healthy-filtered-captures',
    title: 'healthy: every capture had another filter, one began late and one ended early',
    hostname: 'edge-2',
    quiet: true,
    about: `
A forwarded port 8085 that leads to port 80 of \`www\`, name service and pings. On \`eth0\` only \`port 8085\` was captured, on the bridge
\`port 80\`, in \`www\` only \`icmp\`; the second capture of the uplink, without filter, began when most was over, and the second one of
the bridge had ended by then.`,
    see: `
No ARP anywhere, no translated port where the filter named the other one, requests without answers at the edges of the two captures. All of
it worked.`,
    expect: [
      { protocol: 'tcp', client: '192.0.2.150', server: '192.0.2.140', port: 8085 },
      { protocol: 'tcp', client: '192.0.2.140', server: '198.51.100.60', port: 443 },
      { protocol: 'icmp', client: '10.72.3.9', server: '198.51.100.60' },
    ],
    async record(lab) {
      const { host } = lab;
      const { outside, inside } = await bridgedHost(lab, {
        bridge: ['lan3', '10.72.3.1/24'],
        members: [['www', 'eth0', '10.72.3.9/24', 'lan3-www']],
        uplink: ['eth0', '192.0.2.140/26'],
        gateway: '192.0.2.150',
        remotes: ['198.51.100.60'],
      });
      const [www] = inside;
      await host.sh(`
        iptables -t nat -A PREROUTING -i eth0 -p tcp -m tcp --dport 8085 -j DNAT --to-destination 10.72.3.9:80
        iptables -t nat -A POSTROUTING -s 10.72.3.0/24 -o eth0 -j MASQUERADE`);
      await www.start('crowd serve 0.0.0.0 80 --name nginx');
      await outside.start('crowd serve 198.51.100.60 443 --name envoy');
      await outside.start('peer udp-serve 198.51.100.60 123 chronyd');
      await lab.works(outside, 'ping -n -c 1 192.0.2.140');
      const [published] = await lab.capture(host, ['eth0'], { filter: 'port 8085', file: 'eth0-8085' });
      const [web] = await lab.capture(host, ['lan3'], { filter: 'port 80', file: 'lan3-web' });
      const early = await lab.capture(host, 'lan3', { file: 'lan3-all' });
      const pings = await lab.capture(www, 'eth0', { filter: 'icmp' });
      const poll = outside.attempt('crowd habit 192.0.2.140 8085 long-poll --seconds 3.5');
      await lab.works(outside, 'crowd busy 192.0.2.140 8085 --clients 2 --asks 2', /4 of 4/);
      await lab.works(www, 'ping -n -c 3 -i 0.3 198.51.100.60');
      await early.stop();
      const late = await lab.capture(host, 'eth0', { file: 'eth0-late' });
      await lab.works(www, 'crowd busy 198.51.100.60 443 --clients 2 --asks 2', /4 of 4/);
      await lab.works(www, 'peer udp-ask 198.51.100.60 123', /3 of 3/);
      const { code, output } = await poll;
      if (code !== 0) throw new Error(output);
      await lab.captured();
      lab.unseen(published, 'not port 8085');
      lab.unseen(web, 'port 8085');
      lab.seen(pings, 'icmp', 6);
      lab.seen(late, 'src port 8085');
      lab.unseen(late, 'icmp');
      lab.unseen(early, 'port 443');
      await lab.dump(host, { form: 'text' });
      await lab.dump(www, { form: 'text' });
    },
  },
  {
    name: 'healthy-lossy-capture',
    title: 'healthy: the capture itself lost packets, and says so',
    hostname: 'busy-1',
    about: `
The host translates for \`job\`, which moves megabytes and asks for small things meanwhile. The capture of the bridge (dumpcap, a small ring) was not
read for some seconds: its statistics say how many packets it lost. The capture of the uplink is whole.`,
    see: `
Connections on \`eth0\` of which the bridge shows nothing, or only one direction, or the end; acknowledgements of bytes that were never captured.`,
    expect: [
      { protocol: 'tcp', client: '10.73.0.8', server: '198.51.100.73', port: 8080, statusAlso: ['unknown'] },
      { protocol: 'udp', client: '203.0.113.73', server: '198.51.100.73', port: 123 },
    ],
    async record(lab) {
      const { host } = lab;
      const { outside, inside } = await bridgedHost(lab, {
        bridge: ['work0', '10.73.0.1/24'],
        members: [['job', 'eth0', '10.73.0.8/24', 'work0-job']],
        uplink: ['eth0', '203.0.113.73/24'],
        gateway: '203.0.113.1',
        remotes: ['198.51.100.73'],
      });
      const [job] = inside;
      await host.sh('iptables -t nat -A POSTROUTING -s 10.73.0.0/24 -o eth0 -j MASQUERADE');
      await outside.start('crowd serve 198.51.100.73 8080 --name haproxy');
      await outside.start('peer udp-serve 198.51.100.73 123 chronyd');
      const bridge = await lab.capture(host, 'work0', { pcapng: true, buffer: 1, gzip: true });
      const uplink = await lab.capture(host, 'eth0', { snaplen: 96, gzip: true });
      await lab.works(job, 'crowd busy 198.51.100.73 8080 --clients 3', /3 of 3/);
      bridge.pause();
      await lab.works(job, 'crowd busy 198.51.100.73 8080 --clients 4 --size 900000', /4 of 4/);
      await lab.works(job, 'crowd busy 198.51.100.73 8080 --clients 3 --asks 2', /6 of 6/);
      await lab.works(job, 'peer udp-ask 198.51.100.73 123', /3 of 3/);
      bridge.resume();
      await sleep(300);
      await lab.works(job, 'crowd busy 198.51.100.73 8080 --clients 3', /3 of 3/);
      await lab.captured();
      if (!(bridge.lost > 0)) throw new Error(`${bridge.path} lost nothing`);
      lab.verified.push(`${bridge.path} lost ${bridge.lost} packets, by dumpcap’s own count`);
      lab.seen(uplink, 'udp port 123', 6);
      await lab.dump(host);
      await lab.dump(job);
    },
  },
  {
    name: 'healthy-two-clocks',
    title: 'healthy: captures of two machines whose clocks differ by seven seconds',
    hostname: 'gw-east',
    about: `
A gateway and the server behind it, captured on both. The server's clock is 7.3 seconds ahead: on its capture every
packet has that later time. (The times were moved after recording; nothing else was.)`,
    see: `
An answer seems to arrive before its request was sent, and a request seven seconds after. The order in each file is right, and every packet of
one is in the other.`,
    expect: [
      { protocol: 'tcp', client: '192.0.2.9', server: '192.0.2.33', port: 25 },
      { protocol: 'udp', client: '192.0.2.9', server: '192.0.2.33', port: 514, statusAlso: ['unknown'] },
      { protocol: 'icmp', client: '10.74.1.2', server: '192.0.2.9' },
    ],
    async record(lab) {
      const { host } = lab;
      const client = await lab.machine('client');
      const mail = await lab.machine('mail');
      await lab.wire(host, 'wan', client, 'eth0');
      await lab.wire(host, 'dmz', mail, 'ens3');
      await client.sh('ip addr add 192.0.2.9/27 dev eth0');
      await mail.sh('ip addr add 10.74.1.2/24 dev ens3; ip route add default via 10.74.1.1');
      await host.sh(`
        ip addr add 192.0.2.33/27 dev lo; ip addr add 192.0.2.1/27 dev wan; ip addr add 10.74.1.1/24 dev dmz
        sysctl -qw net.ipv4.ip_forward=1
        iptables -P FORWARD DROP
        iptables -A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
        iptables -A FORWARD -i wan -d 10.74.1.2/32 -p tcp -m tcp --dport 25 -j ACCEPT
        iptables -A FORWARD -i wan -d 10.74.1.2/32 -p udp -m udp --dport 514 -j ACCEPT
        iptables -A FORWARD -i dmz -o wan -j ACCEPT
        iptables -t nat -A PREROUTING -d 192.0.2.33/32 -j DNAT --to-destination 10.74.1.2
        iptables -t nat -A POSTROUTING -s 10.74.1.2/32 -o wan -j SNAT --to-source 192.0.2.33`);
      await client.sh('ip route add 192.0.2.33/32 via 192.0.2.1');
      await mail.start('crowd serve 0.0.0.0 25 --name master');
      await mail.start('crowd hear 0.0.0.0 514 --name rsyslogd');
      const [wan, dmz] = await lab.capture(host, ['wan', 'dmz']);
      const own = await lab.capture(mail, 'ens3', { clock: 7.3 });
      await lab.works(client, 'crowd busy 192.0.2.33 25 --clients 3 --asks 3', /9 of 9/);
      await lab.works(client, 'crowd say 192.0.2.33 514 --tries 8');
      await lab.works(mail, 'ping -n -c 3 -i 0.3 192.0.2.9');
      await lab.captured();
      lab.seen(wan, 'dst host 192.0.2.33 and tcp');
      lab.seen(dmz, 'dst host 10.74.1.2 and tcp');
      lab.seen(own, 'dst host 10.74.1.2 and udp');
      await lab.dump(host);
      await lab.dump(mail);
    },
  },
];
