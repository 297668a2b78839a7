import { describe, expect, it } from 'vitest';
import type { Analysis } from '../../src/report/analysis.ts';
import { renderAnalysis } from '../../src/report/text/analysis.ts';
import { renderTopology } from '../../src/report/text/topology.ts';
import { displayWidth } from '../../src/report/text/width.ts';
import { forwardOff, ruleDrop } from './samples.ts';

const plain = { width: 80, color: false };

describe('renderAnalysis', () => {
  it('says the verdict first, and draws the path to where the packet died', () => {
    expect(renderAnalysis(forwardOff, plain)).toMatchInlineSnapshot(`
      "2 of 3 flows fail: the host does not forward: net.ipv4.ip_forward is 0
      1 flow is healthy.

      ━━ 1 error ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━ fwd-ip-forward-off · 98 % sure ━━
        the host does not forward: net.ipv4.ip_forward is 0
          icmp 10.9.0.20 → 198.51.100.7           dropped: 3 there, 0 back
          tcp 10.9.0.20:40112 → 198.51.100.7:443  dropped: 3 there, 0 back

        Path of icmp 10.9.0.20 → 198.51.100.7
          ┌ ant
          │ sent       locally
          │ route      default via 10.9.0.1 dev eth0
          └ out eth0   · not captured   next hop 10.9.0.1
          ┌ host
          │ in br0     ✓ 3 packets   captures/host/br0.pcap   port veth-ant
          ✗ dropped    net.ipv4.ip_forward is 0 (kernel: IP_INADDRERRORS)
          ┊ host:eth0  ✗ not seen   captures/host/eth0.pcap
          Seen last coming in on br0 of host, as predicted; nothing of it on eth0,
          which was captured at the time.

        Why
          The echo request to 198.51.100.7 reaches the host on br0 and has to be
          forwarded, but net.ipv4.ip_forward is 0. The kernel then drops every packet
          that is not for one of its own addresses, in the routing decision: the raw,
          mangle and nat PREROUTING chains have run, FORWARD and POSTROUTING never do.
          No ICMP error is sent, so the sender only sees silence.

        Evidence
          namespaces/host/sysctl.txt:213   net.ipv4.ip_forward = 0
          captures/host/br0.pcap packet 5  the echo request comes in: 10.9.0.20 >
                                           198.51.100.7, ttl 64
          captures/host/eth0.pcap          holds none of the 3 requests, though it was
                                           capturing at that time

        Fix
          sysctl -w net.ipv4.ip_forward=1
          ✓ verified by replay: the echo request then leaves by eth0, still with its
          private source address

        Next
          Then this stops it: nothing translates the source 10.9.0.20, so no answer
          finds its way back (nat-masquerade-missing)
          iptables -t nat -A POSTROUTING -s 10.9.0.0/24 -o eth0 -j MASQUERADE

      Healthy
              client           server             packets
        icmp  10.9.0.20 (ant)  192.0.2.10 (host)  3 / 3

      Not known (and the command that shows it)
        host, ant  no \`ip rule\`; the kernel’s three default rules are assumed
                   ip -j rule show
                   ip netns exec ant ip -j rule show
        ant        its packet filter is not known; no rules are assumed
                   ip netns exec ant iptables-save -c

      Warnings
        namespaces/host/iptables-save.txt:31: unknown match \`frob\`: the rule is kept,
        what it matches is unknown

      Read from ./incident/: 2 captures (22 packets), 3 dumps, 3 namespaces.
      "
    `);
  });

  it('numbers several findings and folds the rules of a table into a line', () => {
    const text = renderAnalysis(ruleDrop, plain);
    expect(text.split('\n').slice(0, 4)).toEqual([
      '3 of 4 flows fail, for 2 reasons:',
      '  1  the host does not forward: net.ipv4.ip_forward is 0',
      '  2  rule 3 of DOCKER-USER drops new connections from 198.51.100.0/24',
      '1 flow is healthy.',
    ]);
    expect(text).toContain('│ nat PREROUTING   rule 1 → DOCKER 2: ! -i docker0 -p tcp');
    expect(text).toContain('✗ dropped          rule 3 of DOCKER-USER drops it');
  });

  it('doubts a death that the captures contradict', () => {
    const [flow] = forwardOff.flows;
    const beyond = { capture: 'host:eth0', packets: 2, direction: 'forward', tuple: '' } as const;
    const flows = flow ? [{ ...flow, sightings: [...flow.sightings, beyond] }] : [];
    const text = renderAnalysis({ ...forwardOff, flows }, { ...plain, width: 110 });
    expect(text).toMatch(/│ \? doubtful +net\.ipv4\.ip_forward is 0 [\s\S]*saw\s.*it further on/);
    expect(text).toMatch(/┊ host:eth0 +✓ 2 packets/);
    expect(text).not.toContain('✗ dropped');
  });

  it('does not doubt it where another capture saw the packet before', () => {
    const [flow] = forwardOff.flows;
    const before = { capture: 'web:eth0', packets: 2, direction: 'forward', tuple: '' } as const;
    const at = { capture: 'host:br0', packets: 3, direction: 'forward', tuple: '' } as const;
    const captures = [
      ...forwardOff.topology.captures,
      { path: 'web.pcap', namespace: 'web', interface: 'eth0', by: 'named' as const },
    ];
    const topology = { ...forwardOff.topology, captures };
    const texts = [
      [before, at],
      [at, before],
    ].map((sightings) =>
      renderAnalysis({ ...forwardOff, topology, flows: flow ? [{ ...flow, sightings }] : [] }, plain),
    );
    expect(texts[0]).toContain('✗ dropped');
    expect(texts[0]).not.toContain('web:eth0');
    expect(texts[1]).toContain('? doubtful');
  });

  it('lists every rule as the kernel’s TRACE does when verbose', () => {
    const text = renderAnalysis(ruleDrop, { ...plain, verbose: true });
    expect(text).toContain('nat:PREROUTING:rule:1');
    expect(text).toContain('filter:DOCKER-USER:rule:3');
    expect(text).toContain('iptables-save.txt:44');
  });

  it('names rules that nearly accept the packet, two of them unless verbose', () => {
    const near = (number: number) => ({
      namespace: 'host',
      hook: 'FORWARD',
      table: 'filter',
      chain: 'FORWARD',
      number,
      text: `-A FORWARD -s 10.0.0.${number}/32 -j ACCEPT`,
      path: './incident/namespaces/host/iptables-save.txt',
      line: 40 + number,
      condition: `-s 10.0.0.${number}/32`,
      instead: 'the packet comes from 198.51.100.77',
    });
    const flows = ruleDrop.flows.map((flow) => ({ ...flow, nearRules: [near(1), near(2), near(3)] }));
    const sections = (verbose: boolean) =>
      renderAnalysis({ ...ruleDrop, flows }, { ...plain, verbose }).split('Rules that nearly accept it\n');
    const [, first = '', second, ...others] = sections(false);
    expect(first.slice(0, first.indexOf('\n\n'))).toBe(`\
    filter FORWARD rule 1 would have accepted it but for \`-s 10.0.0.1/32\`: the
    packet comes from 198.51.100.77: namespaces/host/iptables-save.txt:41
        -A FORWARD -s 10.0.0.1/32 -j ACCEPT
    filter FORWARD rule 2 would have accepted it but for \`-s 10.0.0.2/32\`: the
    packet comes from 198.51.100.77: namespaces/host/iptables-save.txt:42
        -A FORWARD -s 10.0.0.2/32 -j ACCEPT
    … and 1 more (all with -v)`);
    // One for each finding.
    expect([second, others.length]).toEqual([expect.any(String), 0]);
    expect(sections(true)[1]).toContain('10.0.0.3/32 -j ACCEPT\n');
    expect(sections(true)[1]).not.toContain('all with -v');
  });

  it.each([72, 80, 100, 120])('keeps within %i columns, but for what is to be copied', (width) => {
    for (const line of renderAnalysis(ruleDrop, { ...plain, width }).split('\n')) {
      if (!/^ {4}(iptables|sysctl) |ip netns exec/.test(line))
        expect(displayWidth(line)).toBeLessThanOrEqual(width);
    }
  });

  it('writes ASCII where the locale asks for it', () => {
    expect(renderAnalysis(ruleDrop, { ...plain, unicode: false })).toMatch(/^[\n\x20-\x7e]*$/);
  });

  it('colours only when asked', () => {
    expect(renderAnalysis(forwardOff, plain)).not.toContain('\x1b');
    expect(renderAnalysis(forwardOff, { ...plain, color: true })).toContain('\x1b[31m');
  });

  it('lets nothing out of the inputs reach the terminal as it is', () => {
    const text = renderAnalysis(hostile(ruleDrop), { ...plain, verbose: true });
    expect(text).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f\u202e]/);
    expect(renderTopology(hostile(ruleDrop).topology, plain)).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f\u202e]/);
  });

  it.each<[string, Partial<Analysis>, string]>([
    ['nothing captured', { flows: [], findings: [], inputs: [] }, 'No capture among the inputs'],
    ['no flow', { flows: [], findings: [] }, 'The captures hold no flow to follow'],
    [
      'all healthy',
      { flows: forwardOff.flows.filter((flow) => flow.id === 2), findings: [] },
      'The flow is healthy: it was answered',
    ],
    ['a failure without a finding', { findings: [] }, '2 of 3 flows fail, and the inputs do not show why'],
    [
      'a finding without a failing flow',
      { flows: forwardOff.flows.filter((flow) => flow.id === 2) },
      'No flow was seen to fail, but something is wrong: the host does not forward',
    ],
  ])('%s', (_name, parts, head) => {
    expect(renderAnalysis({ ...forwardOff, ...parts }, { ...plain, width: 110 })).toMatch(head);
  });
});

describe('renderTopology', () => {
  it('draws ports below their bridge, peers, addresses, capture points and routes', () => {
    expect(renderTopology(forwardOff.topology, plain)).toMatchInlineSnapshot(`
      "ant
      ├─ eth0  veth  up  10.9.0.20/24  ⇄ host:veth-ant
      └─ routes
         default via 10.9.0.1 dev eth0
         10.9.0.0/24 dev eth0 proto kernel scope link src 10.9.0.20

      host  root namespace
      ├─ eth0                  up    192.0.2.10/24  ◉ eth0.pcap
      ├─ br0           bridge  up    10.9.0.1/24  ◉ br0.pcap
      │  ├─ veth-ant   veth    up    ⇄ ant:eth0
      │  └─ veth-gone  veth    down
      └─ routes
         default via 192.0.2.1 dev eth0
         10.9.0.0/24 dev br0 proto kernel scope link src 10.9.0.1

      web  container shop-web-1, inferred: no dump describes it
      └─ eth0    inferred  172.17.0.2/16

      Not known (and the command that shows it)
        host, ant  no \`ip rule\`; the kernel’s three default rules are assumed
                   ip -j rule show
                   ip netns exec ant ip -j rule show
        ant        its packet filter is not known; no rules are assumed
                   ip netns exec ant iptables-save -c
      "
    `);
  });

  it('ends at a link that is its own master’s master', () => {
    const links = [
      { name: 'a', master: 'b', addresses: [] },
      { name: 'b', master: 'a', addresses: [] },
    ];
    const topology = {
      ...forwardOff.topology,
      namespaces: [{ name: 'host', inferred: false, links, routes: [] }],
    };
    expect(renderTopology(topology, plain)).toMatch(/a\n.* b\n/);
  });
});

/** Every string of the sample with an escape sequence, a line break and a bidi override in it. */
function hostile<T>(value: T): T {
  return JSON.parse(JSON.stringify(value), (key, inner: unknown) =>
    typeof inner === 'string' && !FIXED.has(key) ? `${inner}\x1b[2J\n\u202e` : inner,
  ) as T;
}

/** Fields whose values are words of the format, not of the inputs. */
const FIXED = new Set([
  'schema',
  'status',
  'direction',
  'severity',
  'kind',
  'decision',
  'hook',
  'table',
  'state',
  'manip',
  'action',
  'verdict',
  'by',
]);
