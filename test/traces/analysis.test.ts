/** What traces add to an analysis: recordings of test/traces/record.sh, with and without captures, and dumps of another time. */
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { kernelPaths } from '../../src/correlate/kernel-path.ts';
import { locate, scanCaptures } from '../../src/correlate/scan.ts';
import { tieSteps } from '../../src/correlate/trace-rules.ts';
import { analyze } from '../../src/diagnose/analyze.ts';
import { resolveInputs } from '../../src/input/resolve.ts';
import { assemble } from '../../src/report/assemble.ts';
import { renderAnalysis } from '../../src/report/text/analysis.ts';
import { buildSnapshot } from '../../src/snapshot/build.ts';
import { buildTopology } from '../../src/topology/build.ts';

const ROOT = 'test/traces/recorded';
const COMMON = [
  'ip-addr.json',
  'ip-route.json',
  'ip6-route.json',
  'ip-rule.json',
  'bridge-fdb.json',
  'sysctl.txt',
];
const FORMS = [
  ['the kernel log', 'legacy', 'kernel.log'],
  ['xtables-monitor', 'nft', 'xtables-monitor.txt'],
  ['nft monitor trace', 'nft', 'nft-trace.txt'],
] as const;

function words(backend: string, trace: string, captures: boolean, save = 'iptables-save.txt'): string[] {
  const own = [trace, save, 'ip6tables-save.txt'].map((name) =>
    name.startsWith('/') ? name : join(ROOT, backend, name),
  );
  const seen = captures
    ? ['p1', 'up0'].map((name) => `r:${name}=${join(ROOT, backend, `${name}.pcap`)}`)
    : [];
  return [...own, ...COMMON.map((name) => join(ROOT, name))].map((path) => `r:=${path}`).concat(seen);
}

async function analysed(inputs: string[]) {
  return assemble(await analyze(await resolveInputs(inputs)));
}

/** xtables-monitor 1.8.9 ends at the first IPv6 rule that it can't print. */
const DROPS = [
  'flt-forward-policy-drop FORWARD policy',
  'flt-reject INPUT 1: udp 99',
  'flt-rule-drop FORWARD 4: udp 53',
];

describe.each(FORMS)('%s', (_, backend, trace) => {
  it.each([
    ['without any capture', false],
    ['beside captures', true],
  ])('names the rules that the kernel let drop the packets, %s', async (_, captures) => {
    const { findings, flows } = await analysed(words(backend, trace, captures));
    const told = findings.map(({ cause, rule, flows: ids }) => {
      const flow = flows[ids[0] ?? -1];
      const number = rule?.text.startsWith('-P')
        ? 'policy'
        : `${rule?.number}: ${flow?.protocol} ${flow?.server.port}`;
      return `${cause} ${rule?.chain} ${number}`;
    });
    expect(told).toEqual(expect.arrayContaining(DROPS));
    for (const finding of findings.filter(({ cause, rule }) => /^flt-/.test(cause) && rule?.family === 4)) {
      const path = join(ROOT, backend, trace);
      expect(finding.evidence.some((item) => item.path === path && /own trace/.test(item.text))).toBe(true);
      expect(finding.confidence).toBeGreaterThanOrEqual(0.9);
    }
  });

  it('agrees with the model on every packet that can be held against it', async () => {
    const { flows, findings } = await analysed(words(backend, trace, true));
    const paths = flows.flatMap(({ kernel }) => kernel ?? []);
    expect(paths.length).toBeGreaterThan(12);
    expect(paths.filter(({ model }) => model === 'parts')).toEqual([]);
    expect(paths.filter(({ model }) => model === 'agrees').length).toBeGreaterThanOrEqual(paths.length - 1);
    expect(findings.filter(({ cause }) => cause === 'trace-model-parts')).toEqual([]);
  });

  it('says where kernel and model part when the dump is of another time', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'traces-'));
    const save = join(folder, 'iptables-save.txt');
    const text = readFileSync(join(ROOT, backend, 'iptables-save.txt'), 'utf8');
    writeFileSync(
      save,
      text.replace(/^-A FORWARD -p udp -m udp --dport 53 .*-j DROP$/m, (rule) =>
        rule.replace('-j DROP', '-j ACCEPT'),
      ),
    );
    const analysis = await analysed(words(backend, trace, false, save));
    const { findings, flows } = analysis;
    if (backend === 'legacy') {
      // The number alone names the rule: what it did is told by what follows.
      const parting = findings.find(({ cause }) => cause === 'trace-model-parts');
      expect(parting?.title).toContain("the kernel's trace ends behind filter FORWARD");
      expect(parting?.evidence[0]?.path).toBe(join(ROOT, backend, trace));
      expect(parting?.flows.map((id) => flows[id]?.server.port)).toEqual([53]);
    } else {
      expect(
        flows.find(({ server }) => server.port === 53 && server.address === '192.0.2.9')?.status,
      ).not.toBe('delivered');
    }
    const drawn = renderAnalysis(analysis, {
      width: 80,
      color: false,
      unicode: true,
      verbose: false,
    } as never);
    expect(drawn).toContain("The kernel's own trace");
    expect(
      Math.max(
        ...drawn
          .split('\n')
          .filter((line) => !/^ +ip netns exec /.test(line))
          .map((line) => [...line].length),
      ),
    ).toBeLessThanOrEqual(80);
  });
});

const CORPUS = '../shared/corpus/traces/kernel-gen';
const recordings = (existsSync(CORPUS) ? readdirSync(CORPUS) : []).flatMap((scenario) =>
  (
    [
      ['nft', 'xtables-monitor.txt'],
      ['nft', 'nft-monitor-trace.txt'],
      ['legacy', 'kernel.log'],
    ] as const
  )
    .map(([variant, trace]) => [scenario, variant, trace] as const)
    .filter(
      (row) =>
        existsSync(join(CORPUS, row[0], row[1], row[2])) &&
        existsSync(join(CORPUS, row[0], row[1], 'net.json')),
    ),
);

describe.runIf(recordings.length > 0)('recorded scenarios, by their traces alone', () => {
  it.each(recordings)(
    '%s %s %s: steps are rules of the dump, and the model goes the same way',
    async (scenario, variant, trace) => {
      const folder = join(CORPUS, scenario, variant);
      const own = mkdtempSync(join(tmpdir(), 'traces-'));
      const net = JSON.parse(readFileSync(join(folder, 'net.json'), 'utf8')).r as Record<string, unknown>;
      const put = (name: string, text: string) => {
        writeFileSync(join(own, name), text);
        return join(own, name);
      };
      const inputs = await resolveInputs(
        [
          ...['links', 'addr', 'route4', 'route6', 'rule4'].map((key) =>
            put(`${key}.json`, JSON.stringify(net[key])),
          ),
          put('sysctl.txt', 'net.ipv4.ip_forward = 1\nnet.ipv4.conf.all.rp_filter = 0\n'),
          join(folder, 'rules.v4.loaded'),
          ...(existsSync(join(folder, 'ipset.save')) ? [join(folder, 'ipset.save')] : []),
          join(folder, trace),
        ].map((path) => `r:=${path}`),
      );
      const { snapshot } = buildSnapshot(inputs);
      const scan = await scanCaptures([], { dumps: inputs.dumps });
      const topology = buildTopology(snapshot, [], []);
      const { points, flows, traced } = locate(scan, topology);
      const paths = flows.flatMap((flow) =>
        kernelPaths(
          { snapshot, topology, points },
          flow,
          traced.filter((each) => each.flow === flow.id),
        ),
      );
      expect(paths.filter(({ model }) => model === 'parts').map(({ parting }) => parting?.text)).toEqual([]);
      const steps = traced.flatMap(({ packet }) => tieSteps(snapshot.namespaces.get('r'), packet));
      // nft's words do not always tell one rule from another; the two others name each.
      if (trace !== 'nft-monitor-trace.txt') expect(steps.filter(({ problem }) => problem)).toEqual([]);
      expect(steps.filter(({ place }) => place).length).toBeGreaterThan(steps.length * 0.7);
    },
  );
});

describe('a rule that no dump has', () => {
  const bundle = 'captures/traced-by-newer-rules/bundle';
  const trace = join(bundle, 'traces/host/xtables-monitor.txt');

  it('is quoted from the trace, has no number, and its repair is not called verified', async () => {
    const { findings } = await analysed([bundle]);
    const dropped = findings.find(({ cause }) => cause === 'flt-rule-drop');
    expect(dropped?.title).toContain('a rule of filter FORWARD that no dump has');
    expect(dropped?.rule).toMatchObject({
      path: trace,
      text: expect.stringContaining('--dport 1883 -j DROP'),
    });
    expect(readFileSync(trace, 'utf8').split('\n')[(dropped?.rule?.line ?? 0) - 1]).toContain('--dport 1883');
    expect(dropped?.fix).toMatchObject({ verified: false });
    expect(dropped?.fix?.commands).toEqual([expect.stringMatching(/^iptables -I FORWARD -s /)]);
  });

  it.each([
    ['nft', '', [1883, 9001]],
    ['legacy', 'another backend’s save does not say what this one had', [9001]],
  ])('parts trace and model beside a save of %s', async (backend, _why, ports) => {
    const folder = mkdtempSync(join(tmpdir(), 'traces-'));
    cpSync(bundle, folder, { recursive: true });
    const save = join(folder, 'namespaces/host/iptables-save.txt');
    const text = readFileSync(save, 'utf8');
    writeFileSync(save, backend === 'nft' ? text : text.replaceAll('(nf_tables)', '(legacy)'));
    const { findings, flows } = await analysed([folder]);
    const parting = findings.filter(({ cause }) => cause === 'trace-model-parts');
    expect(parting.flatMap(({ flows: ids }) => ids.map((id) => flows[id]?.server.port)).sort()).toEqual(
      ports,
    );
  });
});
