/** Nothing is wrong: real Docker engines, busy and idle. */
import { withDocker } from '../lib/docker.mjs';
import { bridgedHost } from '../lib/networks.mjs';

/** A host with an uplink to `internet`, which has the addresses of some servers. */
async function onTheInternet(lab, device, address, gateway, remotes) {
  const internet = await lab.machine('internet');
  await lab.wire(lab.host, device, internet, 'eth0');
  await lab.host.sh(
    `ip addr add ${address} dev ${device}; ip route add default via ${gateway}; sysctl -qw net.ipv4.ip_forward=1`,
  );
  await internet.sh(`ip addr add ${gateway}/24 dev eth0`);
  for (const remote of remotes) await internet.sh(`ip addr add ${remote}/32 dev lo`);
  return internet;
}

export const healthyDocker = [
  {
    name: 'healthy-docker-shop',
    title:
      'healthy: five containers on three Docker networks, one of them internal, published ports, names, pings',
    hostname: 'shop-host',
    about: `
\`front\` publishes 8080 and asks \`api\`, which is on two networks and asks \`db\` on an internal one, which has no way out and
needs none. \`job\` fetches something from outside, \`cron\` on the default bridge does nothing. Names are asked of Docker's own resolver.`,
    see: `
The same packets on \`any\` and in two containers, with the addresses that each side knows; rules that keep the networks apart and drop nothing that anybody
wanted; a container that has two interfaces, and one with no default route.`,
    expect: [
      { protocol: 'tcp', client: '198.51.100.90', server: '203.0.113.90', port: 8080 },
      { protocol: 'tcp', client: '10.211.1.2', server: '10.211.1.3', port: 8000 },
      { protocol: 'tcp', client: '10.211.2.3', server: '10.211.2.2', port: 5432 },
      { protocol: 'tcp', client: '10.211.1.4', server: '198.51.100.91', port: 443 },
    ],
    async record(lab) {
      const { host } = lab;
      const internet = await onTheInternet(lab, 'eth0', '203.0.113.90/24', '203.0.113.1', [
        '198.51.100.90',
        '198.51.100.91',
      ]);
      await internet.sh('ip route replace 203.0.113.90/32 dev eth0 src 198.51.100.90');
      await internet.start('crowd serve 198.51.100.91 443 --name envoy');
      await withDocker(lab, '', async (docker) => {
        const network = (name, subnet, more = '') =>
          host.sh(
            `docker network create --subnet ${subnet} ${more} -o com.docker.network.bridge.name=br-${name} ${name} >/dev/null`,
          );
        await network('web', '10.211.1.0/24');
        await network('data', '10.211.2.0/24', '--internal');
        const httpd = 'httpd -f -h /www -p';
        const front = await docker.run('front', '--network web --ip 10.211.1.2 -p 8080:80', `${httpd} 80`);
        const api = await docker.run('api', '--network web --ip 10.211.1.3', `${httpd} 8000`);
        const db = await docker.run('db', '--network data --ip 10.211.2.2', `${httpd} 5432`);
        await host.sh('docker network connect --ip 10.211.2.3 data api');
        const job = await docker.run('job', '--network web --ip 10.211.1.4', 'sleep 86400');
        await docker.run('cron', '', 'sleep 86400');
        const any = await lab.capture(host, 'any', { gzip: true });
        const [own, data] = [await lab.capture(front, 'eth0'), await lab.capture(db, 'eth0')];
        for (let times = 0; times < 3; times++)
          await lab.works(internet, 'wget -q -O - http://203.0.113.90:8080/', /it works/);
        await lab.works(front, 'wget -q -O - http://10.211.1.3:8000/', /it works/);
        await lab.works(api, 'wget -q -O - http://10.211.2.2:5432/', /it works/);
        await lab.works(job, 'ping -n -c 2 -i 0.3 10.211.1.2');
        await lab.works(job, 'crowd busy 198.51.100.91 443 --clients 2 --asks 2 --size 30000', /4 of 4/);
        await lab.works(host, 'wget -q -O - http://10.211.1.2/', /it works/);
        await lab.captured();
        lab.seen(own, 'src host 198.51.100.90 and dst port 80');
        lab.seen(data, 'src host 10.211.2.3 and dst port 5432');
        lab.seen(any, 'src host 203.0.113.90 and tcp dst port 443');
        await lab.dump(host);
        for (const namespace of [front, api, db]) await lab.dump(namespace, { form: 'text' });
        await docker.dump();
      });
    },
  },
  {
    name: 'healthy-docker-idle',
    title: 'healthy: docker0 is down, as it is without containers; the host does other things',
    hostname: 'ws-7',
    about: `
A workstation with a Docker engine that runs no container: docker0 has no carrier, the engine's rules are there and FORWARD's policy is DROP. A
virtual machine on \`virbr0\` has its own rules; the workstation itself browses.`,
    see: `
docker0 DOWN with a route that is \`linkdown\`, a policy that would drop what nobody sends, and traffic that passes all of it.`,
    expect: [
      { protocol: 'tcp', client: '192.168.133.20', server: '198.51.100.92', port: 443 },
      { protocol: 'tcp', client: '203.0.113.92', server: '198.51.100.92', port: 443 },
      { protocol: 'icmp', client: '203.0.113.92', server: '198.51.100.92' },
    ],
    async record(lab) {
      const { host } = lab;
      const { outside, inside } = await bridgedHost(lab, {
        bridge: ['virbr0', '192.168.133.1/24'],
        members: [['vm', 'enp1s0', '192.168.133.20/24', 'vnet3']],
        uplink: ['eno1', '203.0.113.92/24'],
        gateway: '203.0.113.1',
        remotes: ['198.51.100.92'],
      });
      await host.sh(`
        sysctl -qw net.ipv4.ip_forward=0
        iptables -t nat -A POSTROUTING -s 192.168.133.0/24 ! -d 192.168.133.0/24 -j MASQUERADE`);
      await outside.start('crowd serve 198.51.100.92 443 --name envoy');
      await withDocker(lab, '', async () => {
        await host.sh(`
          iptables -I FORWARD 1 -i virbr0 -s 192.168.133.0/24 -j ACCEPT
          iptables -I FORWARD 1 -o virbr0 -d 192.168.133.0/24 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT`);
        const [bridge, uplink, idle] = await lab.capture(host, ['virbr0', 'eno1', 'docker0']);
        await lab.works(inside[0], 'crowd busy 198.51.100.92 443 --clients 2 --asks 2', /4 of 4/);
        await lab.works(host, 'crowd busy 198.51.100.92 443 --clients 2 --asks 2', /4 of 4/);
        await lab.works(host, 'ping -n -c 2 -i 0.3 198.51.100.92');
        await lab.captured();
        lab.seen(bridge, 'tcp dst port 443');
        lab.seen(uplink, 'icmp');
        lab.unseen(idle, 'ip');
        await lab.dump(host, { form: 'text', plus: ['ip-link', 'nft-ruleset'] });
        await lab.dump(inside[0], { form: 'text' });
        const networks = await host.sh('docker network inspect $(docker network ls -q)');
        lab.file('docker/networks.json', networks);
        lab.file('docker/containers.json', '[]\n');
      });
    },
  },
];
