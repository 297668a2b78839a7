/** Name resolution: the wrong answer, no answer, and an answer that says no. */
import { bridgedHost } from '../lib/networks.mjs';

/** dnsmasq as a server that knows only what it is told. */
export function dnsmasq(address, domain, records) {
  const told = Object.entries(records).map(([name, to]) => `--host-record=${name},${to}`);
  return [
    'dnsmasq --keep-in-foreground --log-facility=- --conf-file=/dev/null --no-resolv --no-hosts --user=root --pid-file=',
    `--bind-interfaces --listen-address=${address} --except-interface=lo --local=/${domain}/ ${told.join(' ')}`,
  ].join(' ');
}

export const names = [
  {
    name: 'hosts-file-shadows-dns',
    title: 'a name leads to a retired machine: /etc/hosts is asked before DNS',
    about: `
\`printer.lab.example\` moved from 10.55.0.31 to 10.55.0.32. DNS knows; \`/etc/hosts\` of \`desk\` still has the old
address, and nsswitch.conf says \`files dns\`. The old machine is still on and refuses port 9100.`,
    see: `
\`nslookup\` asks DNS and shows .32. The program that connects asks nobody: before its SYN to .31 there is no DNS
packet. \`namespaces/desk/hosts\` has the line.`,
    expect: [
      {
        protocol: 'tcp',
        client: '10.55.0.9',
        server: '10.55.0.31',
        port: 9100,
        status: 'rejected',
        cause: 'dns-order',
        alsoAcceptable: ['sock-not-listening'],
        namespace: 'desk',
        namespaceAlso: ['old'],
        mustNot: ['dns-upstream-unreachable', 'flt-reject', 'fwd-ip-forward-off'],
      },
      { protocol: 'udp', client: '10.55.0.9', server: '10.55.0.53', port: 53 },
      { protocol: 'tcp', client: '10.55.0.9', server: '10.55.0.32', port: 9100 },
    ],
    async record(lab) {
      const { host } = lab;
      const [desk, dns, old, now] = [
        await lab.netns('desk'),
        await lab.netns('dns'),
        await lab.netns('old'),
        await lab.netns('new'),
      ];
      await lab.bridge(host, 'office', '10.55.0.1/24', [
        [desk, 'eth0', '10.55.0.9/24', 'of-desk'],
        [dns, 'eth0', '10.55.0.53/24', 'of-dns'],
        [old, 'eth0', '10.55.0.31/24', 'of-old'],
        [now, 'eth0', '10.55.0.32/24', 'of-new'],
      ]);
      await dns.start(
        dnsmasq('10.55.0.53', 'lab.example', { 'printer.lab.example': '10.55.0.32' }),
        /started/,
      );
      await now.start('peer tcp-serve 0.0.0.0 9100 printd');
      desk.files.set(
        '/etc/hosts',
        '127.0.0.1 localhost\n10.55.0.9 desk\n10.55.0.31 printer.lab.example printer\n',
      );
      desk.files.set('/etc/resolv.conf', 'nameserver 10.55.0.53\nsearch lab.example\n');
      desk.files.set('/etc/nsswitch.conf', 'passwd: files\nhosts: files dns\nnetworks: files\n');
      const bridge = await lab.capture(host, 'office');
      const own = await lab.capture(desk, 'eth0');
      await lab.fails(desk, 'peer tcp-ask printer.lab.example 9100', /Connection refused/);
      await lab.works(desk, 'nslookup -type=a printer.lab.example', /10\.55\.0\.32/);
      await lab.works(desk, 'peer tcp-ask 10.55.0.32 9100');
      await lab.captured();
      lab.seen(own, 'tcp[13] & 4 != 0 and src host 10.55.0.31');
      lab.seen(bridge, 'udp port 53 and src host 10.55.0.53');
      await lab.dump(host);
      await lab.dump(desk, { form: 'text' });
      await lab.dump(old, { form: 'text', only: ['ip-addr', 'ip-route', 'ss'] });
    },
  },
  {
    name: 'dns-server-refuses',
    title: 'no name resolves: nothing listens on port 53 of the configured server',
    about: `
The name server of \`lab\`'s little network has crashed. Its machine is there and says "port unreachable".`,
    see: `
Each query on \`eth0\` of \`till\` is followed by ICMP 3/3 from 172.25.0.2. \`ss\` in \`resolver\` shows no socket on 53.`,
    quiet: true,
    expect: [
      {
        protocol: 'udp',
        client: '172.25.0.40',
        server: '172.25.0.2',
        port: 53,
        status: 'rejected',
        statusAlso: ['no-reply'],
        cause: 'dns-upstream-unreachable',
        alsoAcceptable: ['sock-not-listening'],
        namespace: 'resolver',
        namespaceAlso: ['till', 'host'],
        mustNot: ['flt-reject', 'ext-remote-reset', 'fwd-ip-forward-off', 'dns-nxdomain'],
      },
    ],
    async record(lab) {
      const { host } = lab;
      const till = await lab.netns('till');
      const resolver = await lab.netns('resolver');
      await lab.bridge(host, 'shopfloor', '172.25.0.1/24', [
        [till, 'eth0', '172.25.0.40/24', 'sf-till'],
        [resolver, 'eth0', '172.25.0.2/24', 'sf-dns'],
      ]);
      till.files.set('/etc/resolv.conf', 'nameserver 172.25.0.2\noptions timeout:1 attempts:2\n');
      const own = await lab.capture(till, 'eth0');
      await lab.fails(
        till,
        'nslookup -type=a -timeout=1 -retry=2 stock.shop.example',
        /no servers could be reached|timed out/,
      );
      await lab.captured();
      lab.seen(own, 'udp dst port 53');
      lab.seen(own, 'icmp[0] == 3 and icmp[1] == 3 and src host 172.25.0.2');
      await lab.dump(host);
      await lab.dump(till);
      await lab.dump(resolver, { plus: ['iptables-save'] });
    },
  },
  {
    name: 'dns-server-silent',
    title: 'no name resolves: queries leave the host and the resolver outside never answers',
    about: `
\`booth\` is told to ask a resolver on the internet that does not serve this network. Ping to it works, and so does
everything else through the host.`,
    see: `
Queries, translated, on \`eth0\`; no answer and no error. An echo request to the same address on the same way is
answered, so neither routes nor NAT of the host are to blame.`,
    expect: [
      {
        protocol: 'udp',
        client: '192.168.201.17',
        server: '9.9.9.10',
        port: 53,
        status: 'no-reply',
        cause: 'dns-upstream-unreachable',
        alsoAcceptable: ['ext-drop-after-host'],
        namespace: null,
        mustNot: ['nat-masquerade-missing', 'fwd-ip-forward-off', 'flt-forward-policy-drop', 'dns-nxdomain'],
      },
      { protocol: 'icmp', client: '192.168.201.17', server: '9.9.9.10' },
    ],
    async record(lab) {
      const { host } = lab;
      const { outside, inside } = await bridgedHost(lab, {
        bridge: ['fair0', '192.168.201.1/24'],
        members: [['booth', 'eth0', '192.168.201.17/24', 'fair0-b17']],
        uplink: ['eth0', '203.0.113.201/26'],
        gateway: '203.0.113.193',
        remotes: ['9.9.9.10'],
      });
      const [booth] = inside;
      await host.sh('iptables -t nat -A POSTROUTING -s 192.168.201.0/24 ! -o fair0 -j MASQUERADE');
      await outside.sh('iptables -A INPUT -p udp --dport 53 -j DROP');
      booth.files.set('/etc/resolv.conf', '# Generated by NetworkManager\nnameserver 9.9.9.10\n');
      const [bridge, uplink] = await lab.capture(host, ['fair0', 'eth0']);
      await lab.works(booth, 'ping -n -c 1 9.9.9.10');
      await lab.fails(
        booth,
        'nslookup -type=a -timeout=1 -retry=2 tickets.fair.example',
        /no servers could be reached|timed out/,
      );
      await lab.captured();
      lab.seen(bridge, 'udp dst port 53 and src host 192.168.201.17');
      lab.seen(uplink, 'udp dst port 53 and src host 203.0.113.201');
      lab.unseen(uplink, 'udp src port 53');
      await lab.dump(host, { form: 'text' });
      await lab.dump(booth, { form: 'text' });
    },
  },
  {
    name: 'dns-no-such-name',
    title: 'a misspelled name: the server answers NXDOMAIN, the network is healthy',
    quiet: true,
    about: `
\`cart\` asks for \`paymnet.shop.example\`. The server on the same bridge knows \`payment.shop.example\` only.`,
    see: `
A query, and an answer with rcode 3 within a millisecond. An answer is an answer: nothing is wrong with the network.`,
    expect: [
      {
        protocol: 'udp',
        client: '10.92.0.7',
        server: '10.92.0.3',
        port: 53,
        alsoAcceptable: ['dns-nxdomain'],
        mustNot: ['dns-upstream-unreachable', 'sock-not-listening', 'fwd-ip-forward-off'],
      },
    ],
    async record(lab) {
      const { host } = lab;
      const cart = await lab.netns('cart');
      const names = await lab.netns('names');
      await lab.bridge(host, 'shop', '10.92.0.1/24', [
        [cart, 'eth0', '10.92.0.7/24', 'shop-cart'],
        [names, 'eth0', '10.92.0.3/24', 'shop-names'],
      ]);
      await names.start(
        dnsmasq('10.92.0.3', 'shop.example', { 'payment.shop.example': '10.92.0.70' }),
        /started/,
      );
      cart.files.set('/etc/resolv.conf', 'nameserver 10.92.0.3\n');
      const own = await lab.capture(cart, 'eth0', { pcapng: true });
      await lab.works(cart, 'nslookup -type=a payment.shop.example', /10\.92\.0\.70/);
      await lab.fails(cart, 'nslookup -type=a paymnet.shop.example', /NXDOMAIN/);
      await lab.captured();
      lab.seen(own, 'udp src port 53 and udp[11] & 15 == 3');
      await lab.dump(host, { form: 'text' });
      await lab.dump(cart);
    },
  },
];
