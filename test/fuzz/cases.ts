/** Cases to begin with. */
export const CASES = [
  `# a gateway
name: gateway
state: |
  $ ip -br addr
  wan0    UP       203.0.113.2/24
names:
  guest: 192.168.40.20
  office: 192.168.30.20
packets:
  # a comment
  - from office to 8.8.8.8:443/tcp: forwarded by filter lan-out 3 via wan0 as 203.0.113.2, answered
  - from guest to host:53/udp: dropped by filter INPUT policy
  - 'from wan0 to host:22/tcp state established mark 0x1/0xff': "delivered in web to 10.0.0.2:80, no answer"
  - {question: from office to [2001:db8::1]:443/tcp, expected: no route in red}
flows:
  - tcp 10.0.0.2 > 8.8.8.8:53: dropped by filter FORWARD 2
findings: [link-down]
never:
  - bridge-no-ip
`,
  `inputs: [bundle, "host:eth0=eth0.pcap"]
setup: &a
  - ip link set eth0 up
packets: >-
  from 10.0.0.1 to 10.0.0.2/icmp: delivered
never: *a
`,
  JSON.stringify({
    name: 'x',
    inputs: ['bundle'],
    packets: ['from 10.0.0.1 to 10.0.0.2:80/tcp: rejected by filter FORWARD 3 with icmp-port-unreachable'],
    flows: ['udp 10.0.0.1 > 10.0.0.2:53: answered'],
    findings: ['link-down'],
  }),
];
