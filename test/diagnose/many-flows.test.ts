/** Of thousands of flows in a small capture some stand for the others, and nothing that is told changes by that. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { groupBy } from '../../src/base/group-by.ts';
import { pcapWriter } from '../../src/capture/pcap-writer.ts';
import { type AnalyzeOptions, analyze } from '../../src/diagnose/analyze.ts';
import { isFault } from '../../src/filter/fault.ts';
import { parseFilter } from '../../src/filter/parse.ts';
import { resolveInputs } from '../../src/input/resolve.ts';
import type { Analysis } from '../../src/report/analysis.ts';
import { assemble } from '../../src/report/assemble.ts';
import { countedFlows } from '../../src/report/counted.ts';
import { capture, type Sent } from '../support/frames.ts';

const PATIENCE = 120_000;
const folder = mkdtempSync(join(tmpdir(), 'nettrace-many-flows-'));
afterAll(() => rmSync(folder, { recursive: true }));

const DUMPS = {
  'ip-addr.txt': `1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 state UNKNOWN
    inet 127.0.0.1/8 scope host lo
2: lan0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 state UP
    link/ether 02:00:00:00:00:02 brd ff:ff:ff:ff:ff:ff
    inet 10.40.0.254/24 scope global lan0
3: wan0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 state UP
    link/ether 02:00:00:00:00:03 brd ff:ff:ff:ff:ff:ff
    inet 192.0.2.254/24 scope global wan0
`,
  'ip-route.txt': `10.40.0.0/24 dev lan0 proto kernel scope link src 10.40.0.254
192.0.2.0/24 dev wan0 proto kernel scope link src 192.0.2.254
`,
  'sysctl.txt': 'net.ipv4.ip_forward = 1\n',
  'iptables-save.txt': `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -p tcp -m tcp --dport 8443 -j DROP
-A FORWARD -p icmp -j DROP
COMMIT
`,
};

const TCP = 6;
const ICMP = 1;
const EACH = 900;

/** Of four kinds in turn: a SYN that a rule drops, an echo that another one does (both come again), a SYN that is answered and one that is refused. */
function packets(): Sent[] {
  return Array.from({ length: EACH }, (_, index): Sent[] => {
    const from = `10.40.0.${1 + (index % 200)}`;
    const at = index / 100;
    const sourcePort = 20_000 + index;
    const tcp = { from, to: '192.0.2.9', at, protocol: TCP, sourcePort };
    const echo = { from, to: '192.0.2.9', protocol: ICMP, icmpId: 1 + index };
    const back = { from: '192.0.2.9', to: from, protocol: TCP, destinationPort: sourcePort, ttl: 63 };
    const opened = { ...tcp, destinationPort: 80, tcpSequence: 1000 + index };
    const refused = { ...tcp, destinationPort: 81, tcpSequence: 500_000 + index };
    return [
      ...[0, 1].map((second) => ({ ...tcp, at: at + second, destinationPort: 8443, tcpFlags: 2 })),
      ...[1, 2].map((icmpSequence) => ({ ...echo, at: at + icmpSequence, icmpSequence })),
      { ...opened, tcpFlags: 2 },
      { ...back, at: at + 0.001, sourcePort: 80, tcpFlags: 0x12, tcpAcknowledgement: 1001 + index },
      { ...opened, at: at + 0.002, tcpFlags: 0x10, tcpSequence: 1001 + index, tcpAcknowledgement: 1 },
      { ...refused, tcpFlags: 2 },
      { ...back, at: at + 0.001, sourcePort: 81, tcpFlags: 0x14, tcpAcknowledgement: 500_001 + index },
    ];
  }).flat();
}

async function analysisWith(
  name: string,
  options: AnalyzeOptions,
): Promise<{ analysis: Analysis; counted: Analysis['flows'] }> {
  const result = await analyze(await resolveInputs([join(folder, name)]), options);
  return { analysis: assemble(result), counted: [...countedFlows(result)] };
}

/** One client asks for each port once; then another one fails at a service that works for nobody. */
function scanBefore(): Sent[] {
  const scan = Array.from({ length: 3000 }, (_, index): Sent => {
    const at = index / 100;
    return {
      from: '10.40.0.66',
      to: '192.0.2.9',
      at,
      sourcePort: 40_000,
      destinationPort: 1 + index,
      tcpFlags: 2,
    };
  });
  const asks = [0, 1, 3].map((second): Sent => {
    return {
      from: '10.40.0.7',
      to: '192.0.2.9',
      at: 40 + second,
      sourcePort: 33_000,
      destinationPort: 8443,
      tcpFlags: 2,
    };
  });
  return [...scan, ...asks];
}

/** One client that works with one service, and fails at three hundred, ten times each. */
function failsEverywhere(): Sent[] {
  const tcp = { from: '10.40.0.66', to: '192.0.2.9', sourcePort: 60_000, destinationPort: 80 };
  const back = { from: '192.0.2.9', to: '10.40.0.66', sourcePort: 80, destinationPort: 60_000, ttl: 63 };
  const works: Sent[] = [
    { ...tcp, tcpSequence: 1, tcpFlags: 2 },
    { ...back, at: 0.001, tcpFlags: 0x12, tcpAcknowledgement: 2 },
    { ...tcp, at: 0.002, tcpFlags: 0x10, tcpSequence: 2, tcpAcknowledgement: 1 },
  ];
  const fails = Array.from({ length: 3000 }, (_, index): Sent => {
    const [sourcePort, destinationPort] = [30_000 + index, 1000 + (index % 300)];
    return {
      ...tcp,
      at: 1 + index / 100,
      sourcePort,
      destinationPort,
      tcpSequence: 1000 + index,
      tcpFlags: 2,
    };
  });
  return [...works, ...fails];
}

function writeBundle(name: string, sent: readonly Sent[]): void {
  const bundle = join(folder, name);
  mkdirSync(bundle);
  for (const [file, text] of Object.entries(DUMPS)) writeFileSync(join(bundle, file), text);
  const parts: Uint8Array[] = [];
  const write = pcapWriter((bytes) => parts.push(bytes), { linkType: 1 });
  const inTime = sent.toSorted((left, right) => (left.at ?? 0) - (right.at ?? 0));
  for (const frame of capture(...inTime)) write(frame);
  writeFileSync(join(bundle, 'lan0.pcap'), Buffer.concat(parts));
}

beforeAll(() => {
  writeBundle('alike', packets());
  writeBundle('scanned', scanBefore());
  writeBundle('everywhere', failsEverywhere());
});

it(
  'finds what fails behind a scan of all ports',
  async () => {
    const { analysis } = await analysisWith('scanned', {});
    const [first] = analysis.findings;
    expect(first).toMatchObject({ cause: 'flt-rule-drop', severity: 'error', rule: { number: 1 } });
    expect(first?.flows.map((id) => analysis.flows[id]?.client.address)).toEqual(['10.40.0.7']);
    expect(analysis.flows.length).toBeLessThan(200);
  },
  PATIENCE,
);

it(
  'takes no service for another one where a client fails at many',
  async () => {
    const { analysis, counted } = await analysisWith('everywhere', {});
    const services = new Set(analysis.flows.map(({ server }) => server.port));
    expect(services.size).toBe(301);
    expect(counted.length).toBeGreaterThan(300);
    for (const { like, server } of counted)
      expect(like === undefined ? server.port : analysis.flows[like]?.server.port).toBe(server.port);
  },
  PATIENCE,
);

it(
  'is told in all its numbers, with a few flows explained',
  async () => {
    const { analysis, counted } = await analysisWith('alike', {});
    const whole = await analysisWith('alike', { everyFlow: true });
    expect(whole.analysis.counted).toBeUndefined();
    expect(whole.analysis.flows).toHaveLength(4 * EACH);
    expect(analysis.flows.length).toBeLessThanOrEqual(1024);
    expect(analysis.flows.length + counted.length).toBe(4 * EACH);
    const tally = (flows: Analysis['flows']) =>
      [...groupBy(flows, ({ protocol, server, status }) => `${protocol} ${server.port} ${status}`)]
        .map(([kind, own]) => `${kind} ${own.length}`)
        .toSorted();
    expect(tally([...analysis.flows, ...counted])).toEqual(tally(whole.analysis.flows));
    const causes = ({ findings }: Analysis) =>
      findings.map(({ cause, rule, title, fix }) => ({
        cause,
        rule,
        title,
        fix: fix?.commands,
        verified: fix?.verified,
      }));
    expect(causes(analysis)).toEqual(causes(whole.analysis));
    expect(causes(analysis).map(({ rule }) => rule?.number)).toEqual(expect.arrayContaining([1, 2]));
    const alike = (found: Analysis, number: number) => {
      const own = found.findings.find(({ rule }) => rule?.number === number);
      return (own?.flows.length ?? 0) + (own?.alike ?? 0);
    };
    expect([alike(analysis, 1), alike(analysis, 2)]).toEqual([EACH, EACH]);
  },
  PATIENCE,
);

it(
  'has every flow explained that is asked for',
  async () => {
    const filter = parseFilter('tcp port 8443');
    if (isFault(filter)) throw new Error(filter.fault);
    const { analysis } = await analysisWith('alike', { filter });
    expect(analysis.flows).toHaveLength(EACH);
    expect(analysis.flows.every(({ counted, status }) => counted === undefined && status === 'dropped')).toBe(
      true,
    );
  },
  PATIENCE,
);
