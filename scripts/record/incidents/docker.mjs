/** A real Docker engine: published ports, its rules, its userland proxy. */
import { withDocker } from '../lib/docker.mjs';

/** The host's uplink to a client outside; the host has a way out and forwards before Docker starts. */
async function uplink(lab, device, address, clientAddress) {
  const client = await lab.machine('client');
  await lab.wire(lab.host, device, client, 'eth0');
  await lab.host.sh(`ip addr add ${address} dev ${device}; sysctl -qw net.ipv4.ip_forward=1`);
  await client.sh(`ip addr add ${clientAddress} dev eth0`);
  return client;
}

export const docker = [
  {
    name: 'docker-forward-off-dnat',
    title: 'a published port times out from outside: DNAT is there, net.ipv4.ip_forward is 0',
    hostname: 'dock-3',
    about: `
\`docker run -p 8081:80\` with all of Docker's rules in place, and then something (a hardening script) sets
\`net.ipv4.ip_forward = 0\`. From the host itself the container answers.`,
    see: `
The SYN is on \`eth0\` and nowhere else. The DNAT rule's counter grows with each retransmission, so docker-proxy, which
listens on 8081, never sees the request: the packet is already addressed to the container and may not be forwarded.`,
    expect: [
      {
        protocol: 'tcp',
        client: '192.0.2.66',
        server: '192.0.2.10',
        port: 8081,
        status: 'dropped',
        statusAlso: ['no-reply'],
        cause: 'fwd-ip-forward-off-dnat',
        alsoAcceptable: ['fwd-ip-forward-off'],
        namespace: 'host',
        sysctl: 'net.ipv4.ip_forward',
        mustNot: [
          'docker-proxy-fallback',
          'sock-not-listening',
          'nat-no-dnat-host-rst',
          'ext-drop-after-host',
        ],
        fixCommandShouldContain: 'net.ipv4.ip_forward=1',
      },
      { protocol: 'tcp', client: '172.17.0.1', server: '172.17.0.2', port: 80 },
    ],
    async record(lab) {
      const { host } = lab;
      const client = await uplink(lab, 'eth0', '192.0.2.10/24', '192.0.2.66/24');
      await withDocker(lab, '', async (docker) => {
        const site = await docker.run('site', '-p 8081:80', 'httpd -f -p 80 -h /www');
        await host.sh('sysctl -qw net.ipv4.ip_forward=0');
        const [out, bridge] = await lab.capture(host, ['eth0', 'docker0']);
        const own = await lab.capture(site, 'eth0');
        await lab.works(host, 'wget -q -O - http://172.17.0.2/', /it works/);
        await lab.fails(client, 'echo hello | nc -w 3 192.0.2.10 8081', /timed out/);
        await lab.captured();
        lab.seen(out, 'tcp[tcpflags] == tcp-syn and dst port 8081');
        lab.unseen(out, 'src host 192.0.2.10 and tcp');
        lab.unseen(bridge, 'host 192.0.2.66');
        lab.unseen(own, 'host 192.0.2.66');
        await lab.ruleHit(host, 'nat DOCKER 2', '--dport 8081 -j DNAT --to-destination 172.17.0.2:80', 3);
        await lab.counted(host, 'IpInAddrErrors', 3);
        await lab.dump(host);
        await lab.dump(site);
        await docker.dump();
      });
    },
  },
];
