/** The kernel's own trace beside dumps that are of another time. */

export const outdated = [
  {
    name: 'traced-by-newer-rules',
    title:
      'the trace shows a packet dropped that the dumped rules let through: they were saved before a change',
    hostname: 'mill-gw',
    quiet: true,
    about: `
\`mill-gw\` lets its sensors publish to a broker. Port 9001 is closed for maintenance when somebody saves the rules. Later a colleague
moves on: the same rule is now for port 1883, and the sensor hangs. The kernel's trace is from then, the save is the old one.`,
    see: `
The SYNs to 10.148.7.9:1883 come in on \`sens0\` and are never on \`plant0\`. The dumped rules accept them;
the trace ends with a DROP in FORWARD, by a rule which the save does not have. Port 9001 is the other way round: the saved rules
drop it, the trace shows it accepted, and it is answered. Port 8883 goes the same way in both.`,
    expect: [
      {
        protocol: 'tcp',
        client: '10.148.3.51',
        server: '10.148.7.9',
        port: 1883,
        status: 'dropped',
        cause: 'flt-rule-drop',
        alsoAcceptable: ['trace-model-parts'],
        namespace: 'host',
        mustNot: [
          'flt-forward-policy-drop',
          'fwd-ip-forward-off',
          'ext-drop-after-host',
          'lost-between-captures',
        ],
      },
      {
        protocol: 'tcp',
        client: '10.148.3.51',
        server: '10.148.7.9',
        port: 9001,
        cause: 'trace-model-parts',
        namespace: 'host',
        mustNot: ['flt-forward-policy-drop', 'fwd-ip-forward-off'],
      },
      { protocol: 'tcp', client: '10.148.3.51', server: '10.148.7.9', port: 8883 },
    ],
    async record(lab) {
      const { host } = lab;
      const sensor = await lab.machine('sensor');
      const broker = await lab.machine('broker');
      await lab.wire(host, 'sens0', sensor, 'eth0');
      await lab.wire(host, 'plant0', broker, 'eth0');
      await sensor.sh('ip addr add 10.148.3.51/24 dev eth0; ip route add default via 10.148.3.1');
      await broker.sh('ip addr add 10.148.7.9/24 dev eth0; ip route add default via 10.148.7.1');
      await host.sh(`
        ip addr add 10.148.3.1/24 dev sens0; ip addr add 10.148.7.1/24 dev plant0
        sysctl -qw net.ipv4.ip_forward=1
        iptables -t raw -A PREROUTING -i sens0 -p tcp --syn -j TRACE
        iptables -P FORWARD DROP
        iptables -A FORWARD -s 10.148.3.0/24 -p tcp -m tcp --dport 9001 -j DROP
        iptables -A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
        iptables -A FORWARD -i sens0 -o plant0 -p tcp -m multiport --dports 1883,8883,9001 -j ACCEPT`);
      await broker.start('peer tcp-serve 10.148.7.9 1883 mosquitto');
      await broker.start('peer tcp-serve 10.148.7.9 8883 mosquitto');
      await broker.start('peer tcp-serve 10.148.7.9 9001 mosquitto');
      await lab.dump(host, { form: 'text', only: ['iptables-save'] });
      await host.sh('iptables -R FORWARD 1 -s 10.148.3.0/24 -p tcp -m tcp --dport 1883 -j DROP');
      const monitor = await host.start("sh -c 'echo ready; exec stdbuf -oL xtables-monitor --trace'");
      const [sens, plant] = await lab.capture(host, ['sens0', 'plant0']);
      await lab.works(sensor, 'peer tcp-ask 10.148.7.9 8883');
      await lab.works(sensor, 'peer tcp-ask 10.148.7.9 9001');
      await lab.fails(sensor, 'peer tcp-ask 10.148.7.9 1883', /timed out/);
      await lab.captured();
      monitor.child.kill();
      await monitor.ended;
      lab.file('traces/host/xtables-monitor.txt', monitor.output.replace(/^ready\n/, ''));
      lab.seen(sens, 'tcp[13] == 2 and dst port 1883');
      lab.unseen(plant, 'port 1883');
      lab.seen(plant, 'tcp[13] == 18 and src port 9001');
      await lab.ruleHit(host, 'filter FORWARD 1', '--dport 1883 -j DROP', 1);
      await lab.dump(host, { form: 'text', only: ['ip-addr', 'ip-route', 'ip-rule', 'ip-neigh', 'sysctl'] });
      await lab.repaired(host, 'iptables -D FORWARD 1', sensor, 'peer tcp-ask 10.148.7.9 1883');
    },
  },
];
