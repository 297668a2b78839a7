import { existsSync, readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { Pack } from 'tar';
import { describe, expect, it } from 'vitest';
import * as assertions from '../../src/assert.ts';
import * as library from '../../src/index.ts';
import { run } from '../cli/harness.ts';
import { GATEWAY, RULES } from './lab.ts';

const { analyze, openBundle, parseIptablesSave, printIptablesSave, renderAnalysis, simulate } = library;
const BUNDLE = 'captures/docker-forward-off-dnat/bundle';

describe('the public names', () => {
  it('are these and no others', () => {
    expect(Object.keys(library).toSorted()).toEqual([
      'InputError',
      'LimitError',
      'NettraceError',
      'UsageError',
      'analyze',
      'formatIssue',
      'openBundle',
      'parseIptablesSave',
      'printIptablesSave',
      'readCapture',
      'renderAnalysis',
      'simulate',
    ]);
    expect(Object.keys(assertions).toSorted()).toEqual([
      'assertDelivers',
      'assertDrops',
      'assertFinds',
      'assertRejects',
      'assertTranslates',
    ]);
  });

  it('are in packages as the build makes them', () => {
    const { exports } = JSON.parse(readFileSync('package.json', 'utf8')) as {
      exports: Record<string, unknown>;
    };
    for (const [name, at] of Object.entries(exports)) {
      const source = `src/${name === '.' ? 'index' : name.slice(2)}.ts`;
      if (typeof at === 'string') continue;
      expect(existsSync(source), source).toBe(true);
      expect(Object.keys(at as object)).toEqual(['types', 'default']);
    }
  });
});

describe('analyze', () => {
  it('gives what the command prints as JSON', async () => {
    const { stdout } = await run(['analyze', '--format', 'json', BUNDLE]);
    expect(JSON.parse(JSON.stringify(await analyze(BUNDLE)))).toEqual(JSON.parse(stdout));
  });

  it('takes paths, URLs, an archive’s bytes, files in memory, and what is open already', async () => {
    const wanted = (await analyze(BUNDLE)).findings.map(({ cause }) => cause);
    const bundle = await openBundle(BUNDLE);
    for (const inputs of [[BUNDLE], pathToFileURL(BUNDLE), await archiveOf(BUNDLE), bundle])
      expect((await analyze(inputs)).findings.map(({ cause }) => cause)).toEqual(wanted);
    const packet = `$ tcpdump -n -i lan0\n12:00:00.000000 IP 192.168.30.20.40000 > 8.8.8.8.80: Flags [S], seq 1, win 1, length 0\n`;
    const { flows } = await analyze({ ...GATEWAY, 'seen.txt': packet });
    expect(flows.map(({ server, verdict }) => [server.address, verdict])).toEqual([['8.8.8.8', 'dropped']]);
  });

  it('explains the flows that are asked for, and tries commands', async () => {
    const { filter, flows, whatIf } = await analyze(BUNDLE, {
      filter: 'tcp port 8081',
      whatIf: ['sysctl -w net.ipv4.ip_forward=1'],
    });
    expect([filter?.matched, filter?.flows, flows.length]).toEqual([1, 2, 1]);
    expect(whatIf?.commands).toEqual(['sysctl -w net.ipv4.ip_forward=1']);
  });

  it('is printed as the command prints it', async () => {
    const { stdout } = await run(['analyze', BUNDLE], { columns: 100 });
    expect(await renderAnalysis(await analyze(BUNDLE), { width: 100 })).toBe(stdout);
  });
});

describe('openBundle', () => {
  it('says what there is, and reads it', async () => {
    const bundle = await openBundle(BUNDLE);
    expect(bundle.manifest?.format).toBe('nettrace-bundle/1');
    expect(bundle.issues).toEqual([]);
    expect(bundle.captures.map(({ namespace, interface: device }) => `${namespace}:${device}`)).toContain(
      'host:eth0',
    );
    expect(bundle.dumps.find(({ format }) => format === 'iptables-save')?.namespace).toBe('host');
    expect(bundle.snapshot.topology.namespaces.map(({ name }) => name)).toContain('host');
    expect(bundle.snapshot.rulesets('host').length).toBeGreaterThan(0);
    expect(bundle.snapshot.rulesets('nobody')).toEqual([]);
    const [capture] = bundle.captures;
    const numbers: number[] = [];
    for await (const { number } of capture?.read() ?? []) numbers.push(number);
    expect(numbers.length).toBeGreaterThan(3);
  });

  it('leaves captures unread where that is asked for', async () => {
    const read: string[] = [];
    const onProgress = ({ stage }: library.Progress) => read.push(stage);
    await openBundle(BUNDLE, { readCaptures: false, onProgress });
    expect(new Set(read)).toEqual(new Set(['inputs']));
    await openBundle(BUNDLE, { onProgress });
    expect(new Set(read)).toEqual(new Set(['inputs', 'captures']));
  });
});

describe('simulate', () => {
  it('tells verdict, rule, tuple, interface and path', async () => {
    const { snapshot } = await openBundle(GATEWAY);
    const there = await simulate(snapshot, { from: '192.168.30.20', to: '8.8.8.8:443', sourcePort: 5000 });
    expect(there).toMatchObject({
      flow: 'from 192.168.30.20 to 8.8.8.8:443 sport 5000',
      verdict: 'forwarded',
      outcome: 'forwarded via wan0 as 203.0.113.2, answered',
      oif: 'host:wan0',
      sent: { source: '192.168.30.20', sourcePort: 5000 },
      final: { source: '203.0.113.2', destination: '8.8.8.8', destinationPort: 443 },
      translated: { source: true, destination: false },
      answer: {
        comes: true,
        oif: 'host:lan0',
        final: { destination: '192.168.30.20', destinationPort: 5000 },
      },
      assumptions: [],
    });
    const stopped = await simulate(snapshot, 'tcp 192.168.30.20 > 8.8.8.8:25');
    expect(stopped).toMatchObject({
      outcome: 'rejected by filter FORWARD 3 with tcp-reset',
      rule: { by: 'filter FORWARD 3', path: 'bundle/rules.v4', line: 7 },
    });
    expect(stopped.text).toMatchInlineSnapshot(`
      "tcp 192.168.30.20 > 8.8.8.8:25
          found  rejected by filter FORWARD 3 with tcp-reset
          rule   bundle/rules.v4:7: -A FORWARD -i lan0 -p tcp -m tcp --dport 25 -j
                 REJECT --reject-with tcp-reset
          Path: tcp 192.168.30.20:40000 → 8.8.8.8:25
          ┌ host
          │ in lan0
          │ conntrack              NEW, original direction
          │ nat:PREROUTING:policy  ACCEPT  (rules.v4:11)
          │ route                  default via 203.0.113.1 dev wan0  (state.txt:5)
          │ filter:FORWARD:rule:3  -A FORWARD -i lan0 -p tcp -m tcp --dport 25 -j
          │                        REJECT --reject-with tcp-reset  (rules.v4:7)
          │ answers with           tcp 8.8.8.8:25 → 192.168.30.20:40000 tcp-reset
          ✗ dropped                rejected by rule 3 of FORWARD in table filter
          ┊                        (tcp-reset) (kernel: NETFILTER_DROP)
          ┊ out wan0
      "
    `);
  });

  it('keeps nothing of what was simulated before, and names what it is told', async () => {
    const { snapshot } = await openBundle(GATEWAY);
    const names = { desk: '192.168.30.20', dns: '8.8.8.8' };
    const ask = async () => (await simulate(snapshot, 'udp desk > dns:53', { names })).outcome;
    expect(await ask()).toBe('dropped by filter FORWARD policy');
    expect(await ask()).toBe('dropped by filter FORWARD policy');
    const changed = snapshot.apply('iptables -P FORWARD ACCEPT', 'iptables -t nat -F POSTROUTING');
    expect((await simulate(changed, 'udp desk > dns:53', { names })).outcome).toBe(
      'forwarded via wan0, no answer',
    );
    expect(await ask()).toBe('dropped by filter FORWARD policy');
  });
});

describe('rules', () => {
  it('are parsed and printed', async () => {
    const { ruleset, issues } = await parseIptablesSave(RULES, { path: 'rules.v4' });
    expect(issues).toEqual([]);
    const rule = ruleset.tables.get('filter')?.chains.get('FORWARD')?.rules[1];
    expect(rule?.span).toEqual({ path: 'rules.v4', line: 6 });
    expect((await printIptablesSave(ruleset)).replace(/^#.*\n/gm, '')).toBe(RULES);
    const bad = await parseIptablesSave('*filter\n-A INPUT --nonsense\nCOMMIT\n');
    expect(bad.issues.map(({ path, line }) => [path, line])).toEqual([['rules', 2]]);
  });
});

async function archiveOf(folder: string): Promise<Uint8Array> {
  const pack = new Pack({ cwd: folder, portable: true });
  pack.add('.');
  pack.end();
  const parts: Uint8Array[] = [];
  for await (const part of pack) parts.push(part as Uint8Array);
  return gzipSync(Buffer.concat(parts));
}
