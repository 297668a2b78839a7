/** Docker's rules and those of others on one host: flushed, restored, in front of them, beside them. */
import { withDocker } from '../lib/docker.mjs';
import { uplink } from './docker.mjs';

/** As ufw writes them for "default deny incoming, default deny routed, allow 22/tcp": chains, order and policies, not its logging. */
const UFW = `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:ufw-before-input - [0:0]
:ufw-before-forward - [0:0]
:ufw-user-input - [0:0]
:ufw-user-forward - [0:0]
:ufw-after-input - [0:0]
:ufw-after-forward - [0:0]
:ufw-reject-forward - [0:0]
-A INPUT -j ufw-before-input
-A INPUT -j ufw-after-input
-A FORWARD -j ufw-before-forward
-A FORWARD -j ufw-after-forward
-A FORWARD -j ufw-reject-forward
-A ufw-before-input -i lo -j ACCEPT
-A ufw-before-input -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A ufw-before-input -m conntrack --ctstate INVALID -j DROP
-A ufw-before-input -p icmp -m icmp --icmp-type 8 -j ACCEPT
-A ufw-before-input -j ufw-user-input
-A ufw-before-forward -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A ufw-before-forward -p icmp -m icmp --icmp-type 8 -j ACCEPT
-A ufw-before-forward -j ufw-user-forward
-A ufw-user-input -p tcp -m tcp --dport 22 -j ACCEPT
COMMIT`;

/** As libvirt writes them for a network with NAT on virbr0. */
const LIBVIRT = `*filter
:LIBVIRT_FWI - [0:0]
:LIBVIRT_FWO - [0:0]
:LIBVIRT_FWX - [0:0]
-A FORWARD -j LIBVIRT_FWX
-A FORWARD -j LIBVIRT_FWI
-A FORWARD -j LIBVIRT_FWO
-A LIBVIRT_FWI -d 192.168.122.0/24 -o virbr0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A LIBVIRT_FWI -o virbr0 -j REJECT --reject-with icmp-port-unreachable
-A LIBVIRT_FWO -s 192.168.122.0/24 -i virbr0 -j ACCEPT
-A LIBVIRT_FWO -i virbr0 -j REJECT --reject-with icmp-port-unreachable
-A LIBVIRT_FWX -i virbr0 -o virbr0 -j ACCEPT
COMMIT
*nat
:LIBVIRT_PRT - [0:0]
-A POSTROUTING -j LIBVIRT_PRT
-A LIBVIRT_PRT -s 192.168.122.0/24 ! -d 192.168.122.0/24 -j MASQUERADE
COMMIT`;

/** As firewalld writes its forward chain, with the uplink in zone public and no zone for Docker's bridge. */
const FIREWALLD = `table inet firewalld {
  chain filter_FORWARD {
    type filter hook forward priority filter + 10; policy accept;
    ct state established,related accept
    ct status dnat accept
    iifname "lo" accept
    ct state invalid drop
    jump filter_FORWARD_ZONES
    reject with icmpx type admin-prohibited
  }
  chain filter_FORWARD_ZONES {
    iifname "eth0" goto filter_FWD_public
    goto filter_FWD_public
  }
  chain filter_FWD_public {
    jump filter_FWD_public_deny
    jump filter_FWD_public_allow
  }
  chain filter_FWD_public_deny {
  }
  chain filter_FWD_public_allow {
  }
}`;

/** @param {string} text for `iptables-restore` or `nft -f -` */
const fed = (command, text) => `${command} <<'RULES'\n${text}\nRULES`;

/** Docker's rules for docker0 and one port of 172.17.0.2, as the report proposes them. */
const WRITTEN_AGAIN = [
  'iptables -t nat -A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER',
  'iptables -t nat -A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER',
  'iptables -t nat -A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE',
  'iptables -t nat -I DOCKER -i docker0 -j RETURN',
  'iptables -I DOCKER-ISOLATION-STAGE-1 -i docker0 ! -o docker0 -j DOCKER-ISOLATION-STAGE-2',
  'iptables -I DOCKER-ISOLATION-STAGE-2 -o docker0 -j DROP',
  'iptables -t nat -A DOCKER ! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80',
  'iptables -I DOCKER -d 172.17.0.2/32 ! -i docker0 -o docker0 -p tcp -m tcp --dport 80 -j ACCEPT',
  'iptables -I FORWARD -i docker0 -o docker0 -j ACCEPT',
  'iptables -I FORWARD -i docker0 ! -o docker0 -j ACCEPT',
  'iptables -I FORWARD -o docker0 -j DOCKER',
  'iptables -I FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
  'iptables -I FORWARD -j DOCKER-ISOLATION-STAGE-1',
].join('; ');

export const engines = [
  {
    name: 'docker-flushed-for-ufw',
    title: 'iptables -F before ufw came: a published port meets INPUT, since its DNAT rule is gone',
    hostname: 'dock-6',
    about: `
\`docker run -p 8080:80 shop\` worked. Then somebody made room for a firewall, \`iptables -F; iptables -t nat -F\`, and loaded ufw's
rules: deny what comes in, deny what is forwarded. Docker was not restarted. ufw's chains are loaded here by iptables-restore, as ufw writes them.`,
    see: `
SYNs to 198.51.100.30:8080 on \`eth0\` and none on \`docker0\`: nothing translates them, so they are for the host itself, and the
policy of INPUT drops them before docker-proxy gets any. Opening 8080 in ufw would only send them to the proxy.`,
    expect: [
      {
        protocol: 'tcp',
        client: '198.51.100.77',
        server: '198.51.100.30',
        port: 8080,
        status: 'no-reply',
        statusAlso: ['dropped'],
        cause: 'flt-rules-flushed',
        namespace: 'host',
        mustNot: ['flt-input-drop', 'flt-forward-policy-drop', 'nat-no-dnat-host-rst', 'sock-not-listening'],
        fixCommandShouldContain: '--to-destination 172.17.0.2:80',
      },
      { protocol: 'tcp', client: '198.51.100.77', server: '198.51.100.30', port: 22 },
    ],
    async record(lab) {
      const { host } = lab;
      const client = await uplink(lab, 'eth0', '198.51.100.30/24', '198.51.100.77/24');
      await host.start('peer tcp-serve 198.51.100.30 22 sshd');
      await withDocker(lab, '', async (docker) => {
        const shop = await docker.run('shop', '-p 8080:80', 'httpd -f -p 80 -h /www');
        const ask = 'wget -q -O - http://198.51.100.30:8080/';
        await lab.worksBefore(client, ask, 'before the flush');
        await host.sh('iptables -F; iptables -t nat -F; conntrack -F 2>/dev/null');
        await host.sh(fed('iptables-restore -n', UFW));
        const [out, bridge] = await lab.capture(host, ['eth0', 'docker0']);
        await lab.works(client, 'echo hello | nc -w 2 198.51.100.30 22', /answer/);
        await lab.fails(client, 'echo hello | nc -w 3 198.51.100.30 8080', /timed out/);
        await lab.captured();
        lab.seen(out, 'tcp[13] == 2 and dst port 8080');
        lab.unseen(bridge, 'host 198.51.100.77');
        await lab.ruleHit(host, 'filter INPUT 0', '-P INPUT DROP', 2);
        await lab.dump(host);
        await lab.dump(shop);
        await docker.dump();
        await lab.repaired(host, WRITTEN_AGAIN, client, ask);
      });
    },
  },
  {
    name: 'docker-saved-rules-restored',
    title: 'a saved ruleset came back over a new container: its port leads to where the old one was',
    hostname: 'dock-7',
    about: `
The rules were saved (netfilter-persistent) while \`cart-1\` ran with \`-p 8088:80\`. It was replaced by \`cart-2\`, which got the next
address, since a job that is over by now had the old one, and then the saved rules were restored. \`stock\`, published on 8090, was there all the time and works.`,
    see: `
The SYN to port 8088 is on \`eth0\`; on \`docker0\` there are only questions: who has 172.17.0.3? Nobody has. The client is told
"no route to host". \`cart-2\` is at 172.17.0.4, and no rule leads there.`,
    expect: [
      {
        protocol: 'tcp',
        client: '192.0.2.90',
        server: '192.0.2.80',
        port: 8088,
        status: 'rejected',
        statusAlso: ['dropped', 'no-reply'],
        cause: 'neigh-failed',
        namespace: 'host',
        rule: { table: 'nat', chain: 'DOCKER', number: null },
        mustNot: [
          'sock-not-listening',
          'nat-dnat-wrong-target',
          'docker-proxy-dead-backend',
          'nat-no-dnat-host-rst',
        ],
        fixCommandShouldContain: '--to-destination 172.17.0.4:80',
      },
      { protocol: 'tcp', client: '192.0.2.90', server: '192.0.2.80', port: 8090 },
    ],
    async record(lab) {
      const { host } = lab;
      const client = await uplink(lab, 'eth0', '192.0.2.80/24', '192.0.2.90/24');
      await withDocker(lab, '', async (docker) => {
        const stock = await docker.run('stock', '-p 8090:80', 'httpd -f -p 80 -h /www');
        await docker.run('cart-1', '-p 8088:80', 'httpd -f -p 80 -h /www');
        await host.sh('iptables-save > /tmp/rules.v4; docker rm -f cart-1 >/dev/null');
        await docker.run('migrate', '', 'sleep 86400');
        const cart = await docker.run('cart-2', '-p 8088:80', 'httpd -f -p 80 -h /www');
        await host.sh('docker rm -f migrate >/dev/null');
        await lab.worksBefore(client, 'wget -q -O - http://192.0.2.80:8088/', 'before the restore');
        await host.sh(
          'iptables-restore < /tmp/rules.v4; conntrack -F 2>/dev/null; ip neigh flush dev docker0',
        );
        const [out, bridge] = await lab.capture(host, ['eth0', 'docker0']);
        await lab.works(client, 'wget -q -O - http://192.0.2.80:8090/', /it works/);
        await lab.fails(client, 'echo hello | nc -w 5 192.0.2.80 8088', /No route to host|unreachable/);
        await lab.captured();
        lab.seen(out, 'tcp[13] == 2 and dst port 8088');
        lab.seen(bridge, 'arp and host 172.17.0.3');
        lab.unseen(bridge, 'host 172.17.0.4 and tcp');
        await lab.dump(host);
        await lab.dump(stock);
        await lab.dump(cart);
        await docker.dump();
        const retarget = [
          'iptables -t nat -D DOCKER 3',
          'iptables -t nat -A DOCKER ! -i docker0 -p tcp -m tcp --dport 8088 -j DNAT --to-destination 172.17.0.4:80',
          'iptables -I DOCKER -d 172.17.0.4/32 ! -i docker0 -o docker0 -p tcp -m tcp --dport 80 -j ACCEPT',
        ].join('; ');
        await lab.repaired(host, retarget, client, 'wget -q -O - http://192.0.2.80:8088/');
      });
    },
  },
  {
    name: 'fail2ban-before-docker',
    title: 'one client is refused a published port: fail2ban banned it in DOCKER-USER',
    hostname: 'dock-8',
    about: `
A jail of fail2ban bans with \`chain = DOCKER-USER\`, so that published ports are covered. 203.0.113.66 is in it: its SYNs are refused;
203.0.113.67 is served. fail2ban's chain is made here by hand, as its action iptables-allports does.`,
    see: `
From 203.0.113.66 a SYN on \`eth0\` and ICMP port unreachable from the host, nothing on \`docker0\`; from 203.0.113.67 a whole connection.`,
    expect: [
      {
        protocol: 'tcp',
        client: '203.0.113.66',
        server: '203.0.113.10',
        port: 8000,
        status: 'rejected',
        cause: 'flt-reject',
        namespace: 'host',
        rule: { table: 'filter', chain: 'f2b-shop', number: 1 },
        mustNot: ['sock-not-listening', 'nat-no-dnat-host-rst', 'flt-rules-flushed', 'docker-rules-differ'],
        fixCommandShouldContain: 'fail2ban-client set shop unbanip 203.0.113.66',
      },
      { protocol: 'tcp', client: '203.0.113.67', server: '203.0.113.10', port: 8000 },
    ],
    async record(lab) {
      const { host } = lab;
      const client = await uplink(lab, 'eth0', '203.0.113.10/24', '203.0.113.66/24');
      await client.sh('ip addr add 203.0.113.67/24 dev eth0');
      await withDocker(lab, '', async (docker) => {
        const web = await docker.run('web', '-p 8000:80', 'httpd -f -p 80 -h /www');
        await host.sh(`
          iptables -N f2b-shop; iptables -A f2b-shop -j RETURN; iptables -I DOCKER-USER -p tcp -j f2b-shop
          iptables -I f2b-shop 1 -s 203.0.113.66/32 -j REJECT --reject-with icmp-port-unreachable`);
        const [out, bridge] = await lab.capture(host, ['eth0', 'docker0']);
        await lab.fails(client, 'echo hello | nc -w 3 203.0.113.10 8000', /refused/);
        await client.sh('ip route add 203.0.113.10/32 dev eth0 src 203.0.113.67');
        await lab.works(client, 'wget -q -O - http://203.0.113.10:8000/', /it works/);
        await lab.captured();
        lab.seen(out, 'icmp[0] == 3 and src host 203.0.113.10');
        lab.unseen(bridge, 'host 203.0.113.66');
        await lab.ruleHit(host, 'filter f2b-shop 1', '-j REJECT', 1);
        await lab.dump(host);
        await lab.dump(web);
        await docker.dump();
        await client.sh('ip route del 203.0.113.10/32 dev eth0');
        const accept = 'iptables -I f2b-shop 1 -s 203.0.113.66 -d 172.17.0.2 -p tcp --dport 80 -j ACCEPT';
        await lab.repaired(host, accept, client, 'wget -q -O - http://203.0.113.10:8000/');
      });
    },
  },
  {
    name: 'container-to-libvirt-guest',
    title:
      "a container can't reach a virtual machine of the same host: libvirt rejects what goes into its network",
    hostname: 'dock-9',
    about: `
\`probe\` on Docker's bridge asks a guest of libvirt's default network, 192.168.122.50. Both networks go out by NAT and each works by
itself. libvirt's chains are loaded by iptables-restore, as libvirt writes them; the guest is a namespace.`,
    see: `
The SYN is on \`docker0\` and not on \`virbr0\`; ICMP port unreachable comes back from 172.17.0.1. Docker's own rules accept it:
libvirt's chain is asked later, and refuses.`,
    expect: [
      {
        protocol: 'tcp',
        client: '172.17.0.2',
        server: '192.168.122.50',
        port: 5432,
        status: 'rejected',
        cause: 'flt-reject',
        namespace: 'host',
        rule: { table: 'filter', chain: 'LIBVIRT_FWI', number: 2 },
        mustNot: [
          'flt-docker-isolation',
          'sock-not-listening',
          'flt-forward-policy-drop',
          'docker-rules-differ',
        ],
        fixCommandShouldContain: 'virsh net-edit',
      },
      { protocol: 'tcp', client: '172.17.0.2', server: '192.0.2.201', port: 80 },
    ],
    async record(lab) {
      const { host } = lab;
      const outside = await uplink(lab, 'eth0', '192.0.2.200/24', '192.0.2.201/24');
      await outside.start('peer tcp-serve 192.0.2.201 80 nginx');
      const guest = await lab.machine('guest');
      await lab.bridge(host, 'virbr0', '192.168.122.1/24', [[guest, 'ens3', '192.168.122.50/24', 'vnet0']]);
      await guest.start('peer tcp-serve 192.168.122.50 5432 postgres');
      await withDocker(lab, '', async (docker) => {
        const probe = await docker.run('probe', '', 'sleep 86400');
        // libvirt puts its jumps in front of what is there, as it does when its network starts after Docker.
        const jumps = ['LIBVIRT_FWX', 'LIBVIRT_FWI', 'LIBVIRT_FWO'];
        await host.sh(fed('iptables-restore -n', LIBVIRT));
        for (const chain of jumps.toReversed())
          await host.sh(`iptables -D FORWARD -j ${chain}; iptables -I FORWARD -j ${chain}`);
        const [bridge, inside] = await lab.capture(host, ['docker0', 'virbr0']);
        const own = await lab.capture(probe, 'eth0');
        await lab.works(probe, 'echo hello | nc -w 3 192.0.2.201 80', /answer/);
        await lab.fails(probe, 'echo hello | nc -w 3 192.168.122.50 5432', /refused/);
        await lab.captured();
        lab.seen(own, 'icmp[0] == 3');
        lab.seen(bridge, 'tcp[13] == 2 and dst host 192.168.122.50');
        lab.unseen(inside, 'host 172.17.0.2');
        await lab.ruleHit(host, 'filter LIBVIRT_FWI 2', '-o virbr0 -j REJECT', 1);
        await lab.dump(host);
        await lab.dump(probe);
        await docker.dump();
        const accept =
          'iptables -I LIBVIRT_FWI 2 -s 172.17.0.2 -d 192.168.122.50 -p tcp --dport 5432 -j ACCEPT';
        await lab.repaired(host, accept, probe, 'echo hello | nc -w 3 192.168.122.50 5432');
      });
    },
  },
  {
    name: 'firewalld-without-dockers-bridge',
    title: 'containers have no way out, their published ports work: firewalld has no zone for the bridge',
    hostname: 'dock-10',
    about: `
firewalld with its nftables backend, \`eth0\` in zone public, Docker's bridge in none: what is forwarded from it is rejected by a chain
behind iptables'. What DNAT let in is accepted. firewalld's table is loaded by nft, as firewalld writes it, without its parts for other hooks.`,
    see: `
\`site\` asks 198.51.100.9:80: the SYN is on \`docker0\`, not on \`eth0\`, and ICMP 3/13 (filtered) comes back from 172.17.0.1.
The client outside gets its page from the published port at the same time.`,
    expect: [
      {
        protocol: 'tcp',
        client: '172.17.0.2',
        server: '198.51.100.9',
        port: 80,
        status: 'rejected',
        cause: 'flt-nft-other-table',
        alsoAcceptable: ['flt-reject'],
        namespace: 'host',
        mustNot: [
          'nat-masquerade-missing',
          'flt-forward-policy-drop',
          'flt-rules-flushed',
          'docker-rules-differ',
        ],
        fixCommandShouldContain: '--zone=docker --change-interface=docker0',
      },
      { protocol: 'tcp', client: '198.51.100.9', server: '198.51.100.8', port: 8070 },
    ],
    async record(lab) {
      const { host } = lab;
      const outside = await uplink(lab, 'eth0', '198.51.100.8/24', '198.51.100.9/24');
      await outside.start('peer tcp-serve 198.51.100.9 80 nginx');
      await withDocker(lab, '', async (docker) => {
        const site = await docker.run('site', '-p 8070:80', 'httpd -f -p 80 -h /www');
        await host.sh(fed('nft -f -', FIREWALLD));
        const [bridge, out] = await lab.capture(host, ['docker0', 'eth0']);
        const own = await lab.capture(site, 'eth0');
        await lab.works(outside, 'wget -q -O - http://198.51.100.8:8070/', /it works/);
        await lab.fails(site, 'echo hello | nc -w 3 198.51.100.9 80', /unreachable|No route/);
        await lab.captured();
        lab.seen(own, 'icmp[0] == 3 and icmp[1] == 13');
        lab.seen(bridge, 'tcp[13] == 2 and dst host 198.51.100.9');
        lab.unseen(out, 'tcp[13] == 2 and dst port 80');
        await lab.dump(host, { plus: ['nft-ruleset'] });
        await lab.dump(site);
        await docker.dump();
        const accept =
          'nft insert rule inet firewalld filter_FORWARD position 11 ip saddr 172.17.0.2 ip daddr 198.51.100.9 tcp dport 80 accept';
        await lab.repaired(host, accept, site, 'echo hello | nc -w 3 198.51.100.9 80');
      });
    },
  },
  {
    name: 'docker-one-port-lost-its-rules',
    title: 'one of two published ports has lost its rule, and nobody has asked for it yet',
    hostname: 'dock-12',
    about: `
\`news\` and \`mail\` are published. A clean-up script deleted the DNAT rule of \`mail\` and left one of its own in the nat chain, for a
container that is gone. During the capture only \`news\` is asked for.`,
    see: `
A healthy connection to port 8091. That 8092 has no rule, and 8099 one for nobody, only the dumps tell: \`docker inspect\` against iptables-save.`,
    expect: [
      { protocol: 'tcp', client: '198.51.100.101', server: '198.51.100.100', port: 8091 },
      {
        protocol: 'tcp',
        client: '198.51.100.101',
        server: '198.51.100.100',
        port: 8092,
        observed: false,
        status: 'unknown',
        cause: 'docker-rules-differ',
        namespace: 'host',
        mustNot: ['flt-rules-flushed', 'nat-no-dnat-host-rst', 'neigh-failed'],
        fixCommandShouldContain: '--to-destination 172.17.0.3:25',
      },
    ],
    async record(lab) {
      const { host } = lab;
      const client = await uplink(lab, 'eth0', '198.51.100.100/24', '198.51.100.101/24');
      await withDocker(lab, '', async (docker) => {
        const news = await docker.run('news', '-p 8091:80', 'httpd -f -p 80 -h /www');
        await docker.run('mail', '-p 8092:25', 'httpd -f -p 25 -h /www');
        const rule = '! -i docker0 -p tcp -m tcp --dport';
        await host.sh(`
          iptables -t nat -D DOCKER ${rule} 8092 -j DNAT --to-destination 172.17.0.3:25
          iptables -t nat -A DOCKER ${rule} 8099 -j DNAT --to-destination 172.17.0.9:80`);
        const [out, bridge] = await lab.capture(host, ['eth0', 'docker0']);
        await lab.works(client, 'wget -q -O - http://198.51.100.100:8091/', /it works/);
        await lab.captured();
        lab.seen(out, 'tcp[13] == 18 and src port 8091');
        lab.unseen(bridge, 'host 172.17.0.3 and tcp');
        await lab.dump(host);
        await lab.dump(news);
        await docker.dump();
      });
    },
  },
  {
    name: 'healthy-docker-of-many-kinds',
    title: 'healthy: networks and ports of every kind, and other makers of rules beside Docker',
    hostname: 'dock-11',
    about: `
Networks with and without ICC, without masquerading, internal, and one port each on all addresses, on one, on 127.0.0.1 and by UDP.
Chains as of fail2ban, libvirt and Tailscale stand before Docker's and let all this pass.`,
    see: `
Published ports from outside; a container asking out; two containers of one network; the host and a container of the internal one; the port on 127.0.0.1 by docker-proxy.`,
    expect: [
      { protocol: 'tcp', client: '192.0.2.61', server: '192.0.2.60', port: 8081 },
      { protocol: 'tcp', client: '192.0.2.61', server: '192.0.2.60', port: 8082 },
      { protocol: 'tcp', client: '10.61.0.2', server: '192.0.2.61', port: 80 },
      { protocol: 'tcp', client: '10.61.0.3', server: '10.61.0.2', port: 80 },
      { protocol: 'tcp', client: '10.63.0.1', server: '10.63.0.2', port: 80 },
    ],
    async record(lab) {
      const { host } = lab;
      const outside = await uplink(lab, 'eth0', '192.0.2.60/24', '192.0.2.61/24');
      await outside.start('peer tcp-serve 192.0.2.61 80 nginx');
      await withDocker(lab, '', async (docker) => {
        const bridge = 'docker network create -o com.docker.network.bridge';
        await host.sh(`
          docker network create --subnet 10.61.0.0/24 front >/dev/null
          ${bridge}.enable_icc=false --subnet 10.62.0.0/24 alone >/dev/null
          docker network create --internal --subnet 10.63.0.0/24 -o com.docker.network.bridge.name=inner0 inner >/dev/null
          ${bridge}.enable_ip_masquerade=false --subnet 10.64.0.0/24 plain >/dev/null`);
        const serve = 'httpd -f -p 80 -h /www';
        const front = await docker.run('front-1', '--network front -p 8081:80', serve);
        const second = await docker.run('front-2', '--network front -p 5300:53/udp', 'sleep 86400');
        await docker.run('alone-1', '--network alone -p 192.0.2.60:8082:80', serve);
        await docker.run('plain-1', '--network plain -p 127.0.0.1:8083:80', serve);
        const inner = await docker.run('inner-1', '--network inner', serve);
        await host.sh(`
          iptables -N f2b-web; iptables -A f2b-web -s 203.0.113.0/24 -j DROP; iptables -A f2b-web -j RETURN
          iptables -I DOCKER-USER -p tcp -j f2b-web
          iptables -N ts-forward; iptables -A ts-forward -s 100.64.0.0/10 -o tailscale0 -j DROP; iptables -A ts-forward -o tailscale0 -j ACCEPT
          iptables -I FORWARD -j ts-forward`);
        await host.sh(fed('iptables-restore -n', LIBVIRT));
        const [out] = await lab.capture(host, ['eth0', 'inner0', 'lo']);
        const own = await lab.capture(front, 'eth0');
        for (const port of [8081, 8082])
          await lab.works(outside, `wget -q -O - http://192.0.2.60:${port}/`, /it works/);
        await lab.works(host, 'wget -q -O - http://127.0.0.1:8083/', /it works/);
        await lab.works(front, 'echo hello | nc -w 3 192.0.2.61 80', /answer/);
        await lab.works(second, 'wget -q -O - http://10.61.0.2/', /it works/);
        await lab.works(host, 'wget -q -O - http://10.63.0.2/', /it works/);
        await lab.captured();
        lab.seen(out, 'tcp[13] == 18 and src port 8082');
        lab.seen(own, 'tcp and host 10.61.0.3');
        await lab.dump(host);
        await lab.dump(front);
        await lab.dump(inner, { form: 'text' });
        await docker.dump();
      });
    },
  },
];
