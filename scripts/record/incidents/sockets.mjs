/** The transport layer's own faults: the wrong loopback, a full queue of a listener, ports that are taken or used up. */
import { withDocker } from '../lib/docker.mjs';
import { bridgedHost } from '../lib/networks.mjs';
import { uplink } from './docker.mjs';

export const sockets = [
  {
    name: 'asks-its-own-loopback',
    title: 'connection refused by 127.0.0.1: the database and the cache listen in other namespaces',
    hostname: 'apps-2',
    about: `
\`crm\` was moved from the host into a namespace of its own, and its settings still say \`127.0.0.1:5432\` for the database
and \`127.0.0.1:6379\` for the cache. The database runs in \`pgdb\` on the same bridge; the cache runs on the host, on the
host's own 127.0.0.1.`,
    see: `
SYN and RST on \`lo\` of \`crm\`, within microseconds; nothing of it on the bridge. \`ss\` shows port 5432 in \`pgdb\` and port
6379 on the host, neither in \`crm\`. Asked by its address, the database answers.`,
    expect: [
      {
        protocol: 'tcp',
        client: '127.0.0.1',
        server: '127.0.0.1',
        port: 5432,
        status: 'rejected',
        cause: 'sock-localhost-wrong-ns',
        alsoAcceptable: ['sock-not-listening'],
        namespace: 'crm',
        mustNot: ['sock-loopback-bound', 'flt-reject', 'link-lo-down', 'nat-loopback-dnat'],
        fixCommandShouldContain: '10.66.4.30:5432',
      },
      {
        protocol: 'tcp',
        client: '127.0.0.1',
        server: '127.0.0.1',
        port: 6379,
        status: 'rejected',
        cause: 'sock-localhost-wrong-ns',
        alsoAcceptable: ['sock-not-listening'],
        namespace: 'crm',
        fixCommandShouldContain: '10.66.4.1:6379',
      },
      { protocol: 'tcp', client: '10.66.4.20', server: '10.66.4.30', port: 5432 },
    ],
    async record(lab) {
      const { host } = lab;
      const { inside } = await bridgedHost(lab, {
        bridge: ['apps', '10.66.4.1/24'],
        members: [
          ['crm', 'eth0', '10.66.4.20/24', 'v-crm'],
          ['pgdb', 'eth0', '10.66.4.30/24', 'v-pgdb'],
        ],
        uplink: ['ens3', '203.0.113.66/24'],
        gateway: '203.0.113.1',
      });
      const [crm, pgdb] = inside;
      await pgdb.start('peer tcp-serve 0.0.0.0 5432 postgres');
      await host.start('peer tcp-serve 127.0.0.1 6379 redis-server');
      await crm.start('peer tcp-serve 0.0.0.0 8000 gunicorn');
      await lab.worksBefore(host, 'peer tcp-ask 127.0.0.1 6379', 'on the host');
      const bridge = await lab.capture(host, 'apps');
      const own = await lab.capture(crm, 'lo');
      await lab.fails(crm, 'peer tcp-ask 127.0.0.1 5432', /Connection refused/);
      await lab.fails(crm, 'peer tcp-ask 127.0.0.1 6379', /Connection refused/);
      await lab.works(crm, 'peer tcp-ask 10.66.4.30 5432');
      await lab.captured();
      lab.seen(own, 'tcp[13] & 4 != 0 and src port 5432', 1);
      lab.seen(own, 'tcp[13] & 4 != 0 and src port 6379', 1);
      lab.unseen(bridge, 'tcp port 6379');
      lab.dropped('NO_SOCKET');
      await lab.dump(host);
      await lab.dump(crm, { form: 'text' });
      await lab.dump(pgdb, { form: 'text' });
      await host.start('peer tcp-serve 10.66.4.1 6379 redis-server');
      await lab.repaired(host, 'true', crm, 'peer tcp-ask 10.66.4.1 6379');
    },
  },
  {
    name: 'listen-queue-full',
    title: 'some connections time out, others work: the accept queue of the server is full',
    hostname: 'shop-1',
    quiet: true,
    about: `
\`cart\` serves port 8080 by a single worker with a listen queue for two, and the worker is busy with a long request. Three more
connections are waiting in the queue; whoever comes then gets no answer at all. The metrics port of the same namespace is fine.`,
    see: `
SYNs to 8080 arrive on \`eth0\` of \`cart\`, again each second, and nothing goes back, not even a RST. \`ss\` there
shows Recv-Q 3 and Send-Q 2 for the listening socket, \`nstat\` TcpExtListenOverflows.`,
    expect: [
      {
        protocol: 'tcp',
        client: '198.51.100.71',
        server: '203.0.113.80',
        port: 8080,
        status: 'dropped',
        statusAlso: ['no-reply'],
        cause: 'sock-backlog-full',
        namespace: 'cart',
        mustNot: [
          'route-missing-return',
          'route-reply-no-default',
          'flt-input-drop',
          'flt-rate-limit',
          'sock-not-listening',
          'lost-between-captures',
        ],
        fixCommandShouldContain: 'listen',
      },
      { protocol: 'tcp', client: '198.51.100.70', server: '203.0.113.80', port: 8080 },
      { protocol: 'tcp', client: '10.80.3.1', server: '10.80.3.10', port: 9100 },
    ],
    async record(lab) {
      const { host } = lab;
      const { outside, inside } = await bridgedHost(lab, {
        bridge: ['shop', '10.80.3.1/24'],
        members: [['cart', 'eth0', '10.80.3.10/24', 'v-cart']],
        uplink: ['wan', '203.0.113.80/24'],
        gateway: '203.0.113.1',
        remotes: ['198.51.100.70', '198.51.100.71'],
      });
      const [cart] = inside;
      await host.sh(
        'iptables -t nat -A PREROUTING -i wan -p tcp --dport 8080 -j DNAT --to-destination 10.80.3.10:8080',
      );
      await cart.start('peer tcp-stuck 0.0.0.0 8080 unicorn --backlog 2');
      await cart.start('peer tcp-serve 0.0.0.0 9100 exporter');
      const uplink = await lab.capture(host, 'wan');
      const own = await lab.capture(cart, 'eth0');
      await outside.start('peer tcp-hold 203.0.113.80 8080 --tries 4 --seconds 600 --source 198.51.100.70');
      await lab.fails(outside, 'peer tcp-ask 203.0.113.80 8080 --source 198.51.100.71', /timed out/);
      await lab.works(host, 'peer tcp-ask 10.80.3.10 9100');
      await lab.captured();
      lab.seen(uplink, 'tcp[13] == 2 and src host 198.51.100.71');
      lab.seen(own, 'tcp[13] == 2 and src host 198.51.100.71');
      lab.unseen(own, 'dst host 198.51.100.71');
      lab.seen(own, 'tcp[13] == 18 and dst host 198.51.100.70', 4);
      await lab.counted(cart, 'TcpExtListenOverflows', 1);
      await lab.dump(host);
      await lab.dump(cart, { form: 'text' });
    },
  },
  {
    name: 'programs-that-hang',
    title:
      'no answer from the resolver and the shop, though both listen: the machine’s storage hangs, and the programs with it',
    hostname: 'edge-7',
    about: `
\`unbound\` and \`shop\` run in a namespace behind a published port each; both write to a network file system that doesn't answer, and hang (here:
stopped by a signal). Names aren't resolved; the shop's connections are made, and no page comes. The metrics port of the same
namespace works.`,
    see: `
On \`eth0\` of \`apps\`: questions to port 53 and nothing back, no ICMP either; a handshake with port 8080, the request, its acknowledgement, and no byte
of an answer. \`ss -antup\` there has Recv-Q above 0 for both.`,
    expect: [
      {
        protocol: 'udp',
        client: '198.51.100.81',
        server: '203.0.113.81',
        port: 53,
        status: 'no-reply',
        cause: 'sock-program-silent',
        namespace: 'apps',
        mustNot: ['lost-between-captures', 'sock-not-listening', 'flt-input-drop', 'route-missing-return'],
        fixCommandShouldContain: 'restart',
      },
      {
        protocol: 'tcp',
        client: '198.51.100.81',
        server: '203.0.113.81',
        port: 8080,
        status: 'degraded',
        statusAlso: ['no-reply', 'delivered'],
        cause: 'sock-program-silent',
        namespace: 'apps',
        mustNot: ['sock-backlog-full', 'sock-not-listening', 'lost-between-captures', 'mtu-pmtu-blackhole'],
        fixCommandShouldContain: 'restart',
      },
      { protocol: 'tcp', client: '10.81.5.1', server: '10.81.5.10', port: 9100 },
    ],
    async record(lab) {
      const { host } = lab;
      const { outside, inside } = await bridgedHost(lab, {
        bridge: ['edge', '10.81.5.1/24'],
        members: [['apps', 'eth0', '10.81.5.10/24', 'v-apps']],
        uplink: ['wan', '203.0.113.81/24'],
        gateway: '203.0.113.1',
        remotes: ['198.51.100.81'],
      });
      const [apps] = inside;
      for (const [protocol, port] of [
        ['tcp', 8080],
        ['udp', 53],
      ])
        await host.sh(
          `iptables -t nat -A PREROUTING -i wan -p ${protocol} --dport ${port} -j DNAT --to-destination 10.81.5.10:${port}`,
        );
      await apps.start('peer udp-serve 0.0.0.0 53 unbound');
      await apps.start('peer tcp-serve 0.0.0.0 8080 shop');
      await apps.start('peer tcp-serve 0.0.0.0 9100 exporter');
      await lab.worksBefore(outside, 'peer udp-ask 203.0.113.81 53 --source 198.51.100.81');
      await lab.worksBefore(outside, 'peer tcp-ask 203.0.113.81 8080 --source 198.51.100.81');
      await apps.sh('pkill -STOP -x unbound; pkill -STOP -x shop');
      const uplink = await lab.capture(host, 'wan');
      const own = await lab.capture(apps, 'eth0');
      await lab.fails(outside, 'peer udp-ask 203.0.113.81 53 --tries 2 --source 198.51.100.81', /no answer/);
      await lab.fails(outside, 'peer tcp-ask 203.0.113.81 8080 --source 198.51.100.81', /timed out/);
      await lab.works(host, 'peer tcp-ask 10.81.5.10 9100');
      await lab.dump(apps, { form: 'text', plus: ['ss-all'] });
      await lab.captured();
      lab.seen(uplink, 'udp dst port 53', 2);
      lab.seen(own, 'udp dst port 53', 2);
      lab.unseen(own, 'udp src port 53 or icmp');
      lab.seen(own, 'tcp[13] == 18 and src port 8080', 1);
      await lab.dump(host);
      await lab.repaired(host, 'pkill -CONT -x unbound', outside, 'peer udp-ask 203.0.113.81 53');
    },
  },
  {
    name: 'no-port-to-connect-from',
    title: 'cannot assign requested address: one client has used up its local ports towards one queue',
    hostname: 'jobs-4',
    quiet: true,
    about: `
Somebody has narrowed \`net.ipv4.ip_local_port_range\` of \`worker\` to twelve ports, for a firewall that knows these only. Eight workers keep
a connection to the queue, and four short jobs have just closed theirs, which wait in TIME-WAIT. The next job can’t connect.`,
    see: `
Twelve connections to 10.71.2.20:6379, all answered; of the one that fails there is no packet. To the metrics port of the same machine
a connection is made. \`ss -tan\` in \`worker\` shows eight ESTAB and four TIME-WAIT, as many as \`sysctl\` has ports.`,
    expect: [
      { protocol: 'tcp', client: '10.71.2.10', server: '10.71.2.20', port: 6379 },
      { protocol: 'tcp', client: '10.71.2.10', server: '10.71.2.20', port: 9121 },
      {
        protocol: 'tcp',
        client: '10.71.2.10',
        server: '10.71.2.20',
        port: 6379,
        observed: false,
        status: 'unknown',
        cause: 'sock-ephemeral-exhausted',
        namespace: 'worker',
        sysctl: 'net.ipv4.ip_local_port_range',
        mustNot: ['sock-backlog-full', 'sock-not-listening', 'nat-snat-ports-exhausted'],
        fixCommandShouldContain: 'net.ipv4.ip_local_port_range=1024 65535',
      },
    ],
    async record(lab) {
      const { host } = lab;
      const { inside } = await bridgedHost(lab, {
        bridge: ['jobs', '10.71.2.1/24'],
        members: [
          ['worker', 'eth0', '10.71.2.10/24', 'v-worker'],
          ['queue', 'eth0', '10.71.2.20/24', 'v-queue'],
        ],
        uplink: ['ens4', '203.0.113.71/24'],
        gateway: '203.0.113.1',
      });
      const [worker, queue] = inside;
      await worker.sh('sysctl -qw net.ipv4.ip_local_port_range="41000 41011"');
      await queue.start('peer tcp-serve 0.0.0.0 6379 redis-server');
      await queue.start('peer tcp-serve 0.0.0.0 9121 exporter');
      const bridge = await lab.capture(host, 'jobs');
      const own = await lab.capture(worker, 'eth0');
      await worker.start('peer tcp-hold 10.71.2.20 6379 --tries 8 --seconds 600');
      for (let job = 0; job < 4; job++) await lab.works(worker, 'peer tcp-ask 10.71.2.20 6379');
      await lab.fails(worker, 'peer tcp-ask 10.71.2.20 6379', /Cannot assign requested address/);
      await lab.works(worker, 'peer tcp-ask 10.71.2.20 9121');
      await lab.captured();
      lab.seen(own, 'tcp[13] == 2 and dst port 6379', 12);
      lab.seen(bridge, 'tcp[13] == 18 and src port 6379', 12);
      lab.seen(own, 'tcp[13] == 18 and src port 9121', 1);
      await lab.dump(worker, { form: 'text', plus: ['ss-all'] });
      await lab.dump(host);
      await lab.dump(queue, { form: 'text' });
      await lab.repaired(
        worker,
        'sysctl -w net.ipv4.ip_local_port_range="1024 65535"',
        worker,
        'peer tcp-ask 10.71.2.20 6379',
      );
    },
  },
  {
    name: 'published-port-already-taken',
    title: 'a container does not start: a web server of the host has its port',
    hostname: 'dock-14',
    about: `
\`forum\` is to be published at 8094, where a web server that came with the distribution listens on all addresses. Docker leaves the container
created and not started; \`feed\` at 8095 is fine. Who opens the forum sees the web server's page.`,
    see: `
Both ports answer, so no packet shows it: 8094 from the host itself, not from a container. \`docker inspect\` has the error in State.Error, \`ss -lntup\` the listener.`,
    expect: [
      { protocol: 'tcp', client: '198.51.100.73', server: '198.51.100.72', port: 8094 },
      { protocol: 'tcp', client: '198.51.100.73', server: '198.51.100.72', port: 8095 },
      {
        protocol: 'tcp',
        client: '198.51.100.73',
        server: '198.51.100.72',
        port: 8094,
        observed: false,
        status: 'unknown',
        cause: 'sock-port-conflict',
        namespace: 'host',
        mustNot: ['docker-rules-differ', 'flt-rules-flushed', 'nat-no-dnat-host-rst', 'sock-not-listening'],
        fixCommandShouldContain: 'docker start forum',
      },
    ],
    async record(lab) {
      const { host } = lab;
      const client = await uplink(lab, 'eth0', '198.51.100.72/24', '198.51.100.73/24');
      await host.start('peer tcp-serve 0.0.0.0 8094 lighttpd');
      await withDocker(lab, '', async (docker) => {
        const feed = await docker.run('feed', '-p 8095:80', 'httpd -f -p 80 -h /www');
        await lab.fails(
          host,
          'docker run -d --name forum --hostname forum -p 8094:80 lab/busybox:1 httpd -f -p 80 -h /www',
          /already in use/,
        );
        const [out, bridge] = await lab.capture(host, ['eth0', 'docker0']);
        await lab.works(client, 'peer tcp-ask 198.51.100.72 8094');
        await lab.works(client, 'wget -q -O - http://198.51.100.72:8095/', /it works/);
        await lab.captured();
        lab.seen(out, 'tcp[13] == 18 and src port 8094', 1);
        lab.seen(bridge, 'tcp[13] == 18 and src port 80', 1);
        await lab.dump(host);
        await lab.dump(feed);
        await docker.dump();
        await lab.repaired(
          host,
          "kill $(ss -lntpH 'sport = :8094' | sed 's/.*pid=\\([0-9]*\\).*/\\1/'); sleep 0.3; docker start forum; sleep 0.5",
          client,
          'wget -q -O - http://198.51.100.72:8094/',
        );
      });
    },
  },
];
