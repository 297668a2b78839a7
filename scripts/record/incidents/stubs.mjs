/** Resolvers on loopback addresses: Docker's own inside its containers, and a host's stub that is no use elsewhere. */
import { withDocker } from '../lib/docker.mjs';
import { bridgedHost } from '../lib/networks.mjs';
import { dnsmasq } from './names.mjs';

export const stubs = [
  {
    name: 'docker-dns-rules-flushed',
    title: "no name resolves in a container: its firewall script flushed the rules of Docker's own resolver",
    hostname: 'dock-7',
    quiet: true,
    about: `
\`vpn\` and \`wiki\` are on the network \`intranet\`. \`vpn\` may change its own packet filter, and its start script begins
with \`iptables -t nat -F\`, as scripts written for whole machines do. From then on no name resolves in it, not even
\`wiki\`. Other containers are fine.`,
    see: `
On \`lo\` of \`vpn\`: queries to 127.0.0.11:53, each followed by ICMP port unreachable. \`ss\` shows dockerd's resolver on
127.0.0.11 with a high port, and the container's nat table has no rule that leads there. By its address \`wiki\` answers.`,
    expect: [
      {
        protocol: 'udp',
        client: '127.0.0.1',
        server: '127.0.0.11',
        port: 53,
        status: 'rejected',
        cause: 'dns-embedded-flushed',
        alsoAcceptable: ['sock-not-listening', 'dns-upstream-unreachable'],
        namespace: 'vpn',
        mustNot: ['dns-loopback-stub', 'sock-localhost-wrong-ns', 'flt-reject', 'link-lo-down'],
        fixCommandShouldContain: '--to-destination 127.0.0.11:',
      },
      { protocol: 'tcp', client: '10.203.7.3', server: '10.203.7.2', port: 80 },
    ],
    async record(lab) {
      const { host } = lab;
      await withDocker(lab, '', async (docker) => {
        await host.sh('docker network create --subnet 10.203.7.0/24 intranet >/dev/null');
        const wiki = await docker.run('wiki', '--network intranet', 'httpd -f -p 80 -h /www');
        const vpn = await docker.run('vpn', '--network intranet --cap-add NET_ADMIN', 'sleep 86400');
        vpn.files.set('/etc/resolv.conf', 'nameserver 127.0.0.11\noptions ndots:0\n');
        const ask = 'nslookup -type=a -timeout=1 -retry=2 wiki';
        await lab.worksBefore(vpn, ask, 'before the flush');
        await vpn.sh('iptables-save -t nat > /tmp/nat; iptables -t nat -F');
        const bridge = await lab.capture(vpn, 'eth0');
        const own = await lab.capture(vpn, 'lo');
        await lab.fails(vpn, ask, /no servers could be reached|timed out|refused/);
        await lab.works(vpn, 'wget -q -O - http://10.203.7.2/', /it works/);
        await lab.captured();
        lab.seen(own, 'udp dst port 53 and dst host 127.0.0.11');
        lab.seen(own, 'icmp[0] == 3 and icmp[1] == 3');
        lab.unseen(bridge, 'udp port 53');
        lab.dropped('NO_SOCKET');
        await lab.dump(host);
        await lab.dump(vpn, { form: 'text', plus: ['iptables-save'] });
        await lab.dump(wiki, { form: 'text', plus: ['iptables-save'] });
        await docker.dump();
        const port = /127\.0\.0\.11:(\d+)/.exec(await vpn.sh('ss -lnu'))?.[1];
        await lab.repaired(
          vpn,
          `iptables -t nat -A OUTPUT -d 127.0.0.11/32 -p udp --dport 53 -j DNAT --to-destination 127.0.0.11:${port}`,
          vpn,
          ask,
        );
      });
    },
  },
  {
    name: 'resolver-stub-copied',
    title:
      "no name resolves in a namespace: its resolv.conf is the host's, and names the host's stub on 127.0.0.53",
    hostname: 'relay-host',
    quiet: true,
    about: `
The host resolves names by a stub on 127.0.0.53, which asks 192.0.2.153. \`ip netns exec smtp\` shows the host's
\`/etc/resolv.conf\`, as there is no \`/etc/netns/smtp\`. Mail for names waits in the queue; by address it goes out.`,
    see: `
On \`lo\` of \`smtp\`: questions to 127.0.0.53, refused. On \`wan\` of the host: the stub's own question to 192.0.2.153 and
its answer. \`ss\` shows port 53 on the host and not in \`smtp\`.`,
    expect: [
      {
        protocol: 'udp',
        client: '127.0.0.1',
        server: '127.0.0.53',
        port: 53,
        status: 'rejected',
        cause: 'dns-loopback-stub',
        alsoAcceptable: ['sock-not-listening', 'dns-upstream-unreachable'],
        namespace: 'smtp',
        mustNot: ['dns-embedded-flushed', 'sock-localhost-wrong-ns', 'flt-reject', 'link-lo-down'],
        fixCommandShouldContain: '192.0.2.153',
      },
      { protocol: 'tcp', client: '10.25.0.25', server: '192.0.2.153', port: 25 },
      { protocol: 'udp', client: '203.0.113.25', server: '192.0.2.153', port: 53 },
    ],
    async record(lab) {
      const { host } = lab;
      const { outside, inside } = await bridgedHost(lab, {
        bridge: ['mail', '10.25.0.1/24'],
        members: [['smtp', 'eth0', '10.25.0.25/24', 'v-smtp']],
        uplink: ['wan', '203.0.113.25/24'],
        gateway: '203.0.113.1',
        remotes: ['192.0.2.153'],
      });
      const [smtp] = inside;
      await host.sh('iptables -t nat -A POSTROUTING -s 10.25.0.0/24 -o wan -j MASQUERADE');
      await outside.start(
        dnsmasq('192.0.2.153', 'post.example', { 'mx.post.example': '192.0.2.25' }),
        /started/,
      );
      await outside.start('peer tcp-serve 192.0.2.153 25 postfix');
      const file = 'nameserver 127.0.0.53\noptions edns0 trust-ad\nsearch post.example\n';
      const stub = dnsmasq('127.0.0.53', 'none.example', {}).replace(
        '--except-interface=lo',
        '--server=192.0.2.153',
      );
      await host.start(stub, /started/);
      host.files.set('/etc/resolv.conf', file);
      smtp.files.set('/etc/resolv.conf', file);
      const own = await lab.capture(smtp, 'lo');
      const bridge = await lab.capture(smtp, 'eth0');
      const uplink = await lab.capture(host, 'wan');
      const ask = 'nslookup -type=a -timeout=1 -retry=2 mx.post.example';
      await lab.works(host, ask, /192\.0\.2\.25/);
      await lab.fails(smtp, ask, /no servers could be reached|timed out|refused/);
      await lab.works(smtp, 'peer tcp-ask 192.0.2.153 25');
      await lab.captured();
      lab.seen(own, 'udp dst port 53 and dst host 127.0.0.53');
      lab.seen(own, 'icmp[0] == 3 and icmp[1] == 3');
      lab.unseen(bridge, 'udp port 53');
      lab.seen(uplink, 'udp src port 53 and src host 192.0.2.153');
      lab.dropped('NO_SOCKET');
      await lab.dump(host);
      await lab.dump(smtp, { form: 'text', plus: ['iptables-save'] });
      smtp.files.set('/etc/resolv.conf', 'nameserver 192.0.2.153\n');
      await lab.repaired(smtp, 'true', smtp, ask);
    },
  },
];
