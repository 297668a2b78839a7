/** A real Docker engine: published ports, its rules, its userland proxy. */
import { withDocker } from '../lib/docker.mjs';
import { bridgedHost } from '../lib/networks.mjs';

/** The host's uplink to a client outside; the host has a way out and forwards before Docker starts. */
export async function uplink(lab, device, address, clientAddress) {
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
  {
    name: 'docker-rules-flushed',
    title: "Docker's nat rules are gone and the port still answers: docker-proxy serves",
    hostname: 'dock-1',
    about: `
\`docker run -p 8082:8080\`, and later somebody runs \`iptables -t nat -F DOCKER\`. Clients notice nothing, but the
container now sees every one of them as 172.17.0.1.`,
    see: `
Two TCP connections with the same payload: client to host on \`eth0\`, and 172.17.0.1 to the container on \`docker0\`. The
client's address never reaches the container.`,
    expect: [
      {
        protocol: 'tcp',
        client: '198.51.100.44',
        server: '198.51.100.11',
        port: 8082,
        status: 'delivered',
        statusAlso: ['degraded'],
        cause: 'docker-proxy-fallback',
        alsoAcceptable: ['flt-rules-flushed'],
        namespace: 'host',
        mustNot: [
          'sock-not-listening',
          'nat-masquerade-missing',
          'nat-no-dnat-host-rst',
          'fwd-ip-forward-off-dnat',
        ],
      },
    ],
    async record(lab) {
      const { host } = lab;
      const client = await uplink(lab, 'eth0', '198.51.100.11/24', '198.51.100.44/24');
      await withDocker(lab, '', async (docker) => {
        const blog = await docker.run('blog', '-p 8082:8080', 'httpd -f -p 8080 -h /www');
        await host.sh('iptables -t nat -F DOCKER');
        const [out, bridge] = await lab.capture(host, ['eth0', 'docker0']);
        const own = await lab.capture(blog, 'eth0');
        await lab.works(client, 'wget -q -O - http://198.51.100.11:8082/', /it works/);
        await lab.captured();
        lab.seen(out, 'tcp[13] == 18 and src port 8082');
        lab.seen(bridge, 'tcp and src host 172.17.0.1 and dst port 8080');
        lab.unseen(own, 'host 198.51.100.44');
        await lab.dump(host, { plus: ['nft-ruleset'] });
        await lab.dump(blog);
        await docker.dump();
      });
    },
  },
  {
    name: 'docker-publish-healthy',
    title: 'healthy: a published port, asked from outside, from the host, and by way of 127.0.0.1',
    hostname: 'dock-2',
    about: `
A network \`shop\` with a bridge name of its own, a container \`store\` with \`-p 8090:8080\`. A client outside takes DNAT; the
host asking 127.0.0.1:8090 takes docker-proxy, as Docker means it to.`,
    see: `
From outside: one connection, translated. From 127.0.0.1: one on \`lo\` and a second, docker-proxy's own, from 10.201.5.1
on \`shop0\`. Both are fine.`,
    expect: [
      { protocol: 'tcp', client: '192.0.2.166', server: '192.0.2.161', port: 8090 },
      {
        protocol: 'tcp',
        client: '127.0.0.1',
        server: '127.0.0.1',
        port: 8090,
        statusAlso: ['degraded'],
        alsoAcceptable: ['docker-proxy-fallback'],
      },
      { protocol: 'tcp', client: '10.201.5.1', server: '10.201.5.2', port: 8080 },
    ],
    async record(lab) {
      const { host } = lab;
      const client = await uplink(lab, 'eth0', '192.0.2.161/27', '192.0.2.166/27');
      await withDocker(lab, '', async (docker) => {
        await host.sh(
          'docker network create --subnet 10.201.5.0/24 -o com.docker.network.bridge.name=shop0 shop >/dev/null',
        );
        const store = await docker.run('store', '--network shop -p 8090:8080', 'httpd -f -p 8080 -h /www');
        const [out, bridge, loop] = await lab.capture(host, ['eth0', 'shop0', 'lo']);
        const own = await lab.capture(store, 'eth0');
        await lab.works(client, 'wget -q -O - http://192.0.2.161:8090/', /it works/);
        await lab.works(host, 'wget -q -O - http://127.0.0.1:8090/', /it works/);
        await lab.captured();
        lab.seen(own, 'src host 192.0.2.166 and dst port 8080');
        lab.seen(loop, 'tcp[13] == 18 and src port 8090');
        lab.seen(bridge, 'src host 10.201.5.1 and tcp dst port 8080');
        lab.seen(out, 'tcp[13] == 18 and src port 8090');
        await lab.dump(host, { form: 'text' });
        await lab.dump(store, { form: 'text' });
        await docker.dump();
      });
    },
  },
  {
    name: 'docker-own-published-port',
    title: "a container asks for a port that its own network's container publishes: docker-proxy, by design",
    hostname: 'dock-4',
    about: `
\`asker\` and \`answerer\` are both on the default bridge. \`asker\` uses the host's address and the published port 8095;
Docker's rules leave such traffic alone (\`-A DOCKER -i docker0 -j RETURN\`), so docker-proxy carries it.`,
    see: `
On \`docker0\` two connections: \`asker\` to 203.0.113.20:8095, and 172.17.0.1 to \`answerer\`. \`answerer\` never sees
\`asker\`'s address. It works, and is no fault.`,
    expect: [
      {
        protocol: 'tcp',
        client: '172.17.0.3',
        server: '203.0.113.20',
        port: 8095,
        statusAlso: ['degraded'],
        alsoAcceptable: ['docker-proxy-fallback'],
        mustNot: ['nat-hairpin-same-bridge', 'nat-self-hairpin', 'sock-not-listening'],
      },
      { protocol: 'tcp', client: '172.17.0.1', server: '172.17.0.2', port: 80 },
    ],
    async record(lab) {
      await uplink(lab, 'eth0', '203.0.113.20/24', '203.0.113.21/24');
      await withDocker(lab, '', async (docker) => {
        const answerer = await docker.run('answerer', '-p 8095:80', 'httpd -f -p 80 -h /www');
        const asker = await docker.run('asker', '', 'sleep 86400');
        const bridge = await lab.capture(lab.host, 'docker0');
        const own = await lab.capture(answerer, 'eth0');
        await lab.works(asker, 'wget -q -O - http://203.0.113.20:8095/', /it works/);
        await lab.captured();
        lab.seen(bridge, 'tcp[13] == 18 and src host 203.0.113.20');
        lab.unseen(own, 'tcp and host 172.17.0.3');
        await lab.dump(lab.host);
        await lab.dump(answerer);
        await lab.dump(asker, { form: 'text' });
        await docker.dump();
      });
    },
  },
  {
    name: 'docker-port-closed',
    title: 'a published port is refused: nothing listens inside the container',
    hostname: 'dock-5',
    quiet: true,
    about: `
\`docker run -p 9000:9001 idle\`: the container runs, its service does not. There are no dumps of the container itself,
only Docker's view of it, and \`ps\`.`,
    see: `
SYN on \`eth0\`, translated on \`docker0\`, and the RST from 172.17.0.2, which goes back as a RST of the host's port 9000.`,
    expect: [
      {
        protocol: 'tcp',
        client: '192.0.2.9',
        server: '192.0.2.8',
        port: 9000,
        status: 'rejected',
        cause: 'sock-not-listening',
        alsoAcceptable: ['nat-dnat-wrong-target', 'sock-loopback-bound'],
        namespace: 'idle',
        namespaceAlso: ['host'],
        mustNot: [
          'nat-no-dnat-host-rst',
          'flt-reject',
          'fwd-ip-forward-off-dnat',
          'docker-proxy-dead-backend',
        ],
      },
    ],
    async record(lab) {
      const { host } = lab;
      const client = await uplink(lab, 'eth0', '192.0.2.8/24', '192.0.2.9/24');
      await withDocker(lab, '', async (docker) => {
        await docker.run('idle', '-p 9000:9001', 'sleep 86400');
        const [out, bridge] = await lab.capture(host, ['eth0', 'docker0']);
        await lab.fails(client, 'echo hello | nc -w 3 192.0.2.8 9000', /Connection refused/);
        await lab.captured();
        lab.seen(bridge, 'tcp[13] & 4 != 0 and src host 172.17.0.2');
        lab.seen(out, 'tcp[13] & 4 != 0 and src host 192.0.2.8');
        lab.dropped('NO_SOCKET');
        await lab.dump(host, { form: 'text' });
        await docker.dump();
      });
    },
  },
  {
    name: 'docker-forward-drop-other-bridge',
    title: 'virtual machines lost their network when Docker came: FORWARD policy DROP',
    hostname: 'labserver',
    about: `
A host with a bridge \`vmbr1\` and forwarding switched on late: dockerd found \`ip_forward\` at 0, switched it on, and set
the policy of FORWARD to DROP. Its rules accept Docker's own bridges; nothing accepts \`vmbr1\`.`,
    see: `
Requests of \`vm1\` on \`vmbr1\`, none on \`eno1\`. They pass DOCKER-USER and both isolation chains and fall through to the
policy, whose counter has them.`,
    expect: [
      {
        protocol: 'tcp',
        client: '10.88.0.101',
        server: '198.51.100.8',
        port: 80,
        status: 'dropped',
        statusAlso: ['no-reply'],
        cause: 'flt-forward-policy-drop',
        namespace: 'host',
        rule: { table: 'filter', chain: 'FORWARD', number: null, policy: 'DROP' },
        mustNot: [
          'fwd-ip-forward-off',
          'flt-docker-isolation',
          'nat-masquerade-missing',
          'ext-drop-after-host',
        ],
        fixCommandShouldContain: 'vmbr1',
      },
    ],
    async record(lab) {
      const { host } = lab;
      const { outside, inside } = await bridgedHost(lab, {
        bridge: ['vmbr1', '10.88.0.1/24'],
        members: [['vm1', 'ens18', '10.88.0.101/24', 'tap101']],
        uplink: ['eno1', '203.0.113.77/24'],
        gateway: '203.0.113.1',
        remotes: ['198.51.100.8'],
      });
      await host.sh(
        'sysctl -qw net.ipv4.ip_forward=0; iptables -t nat -A POSTROUTING -s 10.88.0.0/24 -o eno1 -j MASQUERADE',
      );
      await outside.start('peer tcp-serve 198.51.100.8 80 nginx');
      await withDocker(lab, '', async (docker) => {
        await docker.run('box', '', 'sleep 86400');
        const [bridge, uplinkCapture] = await lab.capture(host, ['vmbr1', 'eno1']);
        await lab.fails(inside[0], 'echo GET / | nc -w 3 198.51.100.8 80', /timed out/);
        await lab.captured();
        lab.seen(bridge, 'tcp[13] == 2 and dst host 198.51.100.8');
        lab.unseen(uplinkCapture, 'tcp');
        await lab.ruleHit(host, 'filter FORWARD 0', '-P FORWARD DROP', 2);
        await lab.dump(host);
        await docker.dump();
      });
    },
  },
];
