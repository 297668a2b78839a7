import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { renderAnalysis } from '../../src/report/text/analysis.ts';
import { analyzeFiles } from '../support/expectation.ts';

/** Several hosts, each with its bundle: what each of them alone can tell, and how their clocks differ. */
const of = (name: string, ...hosts: string[]): string[] =>
  hosts.map((host) => join('captures', name, 'bundle', host));

const text = (analysis: Awaited<ReturnType<typeof analyzeFiles>>): string =>
  renderAnalysis(analysis, { color: false, unicode: true, width: 400, verbose: false });

describe('the clocks of two hosts', () => {
  const rows: [string, readonly [string, string], number][] = [
    ['fleet-far-router-knows-no-way-back', ['edge-north', 'edge-south'], 7.25],
    ['healthy-fleet-over-vxlan', ['kv-east', 'kv-west'], -12312.75],
    ['fleet-underlay-port-dropped', ['kv-east', 'kv-west'], 0],
  ];
  it.each(rows)('%s', async (name, hosts, ahead) => {
    const { topology, flows } = await analyzeFiles(...of(name, ...hosts));
    expect(topology.hosts?.map((host) => host.name)).toEqual(hosts);
    const clock = topology.hosts?.[1]?.clock;
    expect(Math.abs((clock?.ahead ?? Number.NaN) - ahead)).toBeLessThan(0.001);
    expect(clock?.error).toBeLessThan(0.001);
    expect(clock?.packets).toBeGreaterThanOrEqual(10);
    // All are by the first one's clock.
    for (const { start, end } of flows) expect(end - start).toBeLessThan(60);
  });

  it('are said', async () => {
    const analysis = await analyzeFiles(
      ...of('fleet-far-router-knows-no-way-back', 'edge-north', 'edge-south'),
    );
    expect(text(analysis)).toMatch(
      /clock of edge-south is 7\.25 s ahead of edge-north \(± \d+ µs, by 14 packets seen on both\)/,
    );
  });

  it('are not known where no packet is on both', async () => {
    const [east = ''] = of('healthy-fleet-over-vxlan', 'kv-east');
    const [south = ''] = of('fleet-far-router-knows-no-way-back', 'edge-south');
    const analysis = await analyzeFiles(east, south);
    expect(analysis.topology.hosts?.[1]?.clock).toEqual({ reference: 'kv-east' });
    expect(text(analysis)).toContain('no packet was captured on both');
    expect(text(analysis)).toContain('nothing in the dumps or captures joins them');
  });
});

describe('without one of the bundles', () => {
  const rows: [string, string, string, readonly string[]][] = [
    ['fleet-underlay-port-dropped', 'kv-east', 'flt-input-drop', ['10.160.7.2']],
    ['fleet-far-node-does-not-forward', 'kv-east', 'fwd-ip-forward-off', ['10.160.7.2', '10.61.2.12']],
    [
      'fleet-far-router-knows-no-way-back',
      'edge-north',
      'route-missing-return',
      ['the receiver has no way back'],
    ],
  ];
  it.each(rows)(
    '%s: %s alone is less sure than both, and names what is missing',
    async (name, host, cause, missing) => {
      const both = await analyzeFiles(join('captures', name, 'bundle'));
      const alone = await analyzeFiles(...of(name, host));
      expect(alone.topology.hosts).toBeUndefined();
      const sure = both.findings.find((finding) => finding.cause === cause)?.confidence ?? 0;
      expect(sure).toBeGreaterThan(0.7);
      const errors = alone.findings.filter(({ severity }) => severity === 'error');
      expect(errors.length).toBeGreaterThan(0);
      expect(errors.map((finding) => finding.cause)).not.toContain(cause);
      for (const { confidence } of errors) expect(confidence).toBeLessThan(sure);
      const said = errors
        .map(({ title, explanation, fix }) => `${title} ${explanation} ${fix?.effect}`)
        .join(' ');
      expect(
        missing.some((address) => said.includes(address)),
        said,
      ).toBe(true);
    },
  );
});

describe('two bundles', () => {
  it('one path leads across both hosts, each packet of it once', async () => {
    const { flows } = await analyzeFiles(join('captures', 'healthy-fleet-over-vxlan', 'bundle'));
    const flow = flows.find(({ protocol }) => protocol === 'tcp');
    expect(flow?.predicted.map(({ namespace }) => namespace)).toEqual([
      'kv-east/cart',
      'kv-east/host',
      'kv-east/host',
      'kv-west/host',
      'kv-west/host',
      'kv-west/cache',
    ]);
    const wrapped = flow?.sightings
      .filter(({ tunnel }) => tunnel === 'vxlan 61')
      .map(({ capture }) => capture);
    expect([...new Set(wrapped)].sort()).toEqual(['kv-east/host:ens5', 'kv-west/host:ens5']);
    expect(flow?.status).toBe('delivered');
  });
});
