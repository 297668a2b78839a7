/** Metrics are text that Prometheus reads, whatever names are in it, told to those on this host alone. */
import { request } from 'node:http';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { type Counted, metricsText } from '../../src/live/metrics.ts';
import { type MetricsServer, serveMetrics } from '../../src/live/metrics-server.ts';

interface Family {
  readonly type: string;
  readonly samples: { readonly labels: Record<string, string>; readonly value: number }[];
}

/** The exposition format 0.0.4 by its own rules, and what promtool asks of names. */
function parse(text: string): Map<string, Family> {
  const families = new Map<string, Family>();
  expect(text.endsWith('\n')).toBe(true);
  let helped: string | undefined;
  for (const line of text.slice(0, -1).split('\n')) {
    const help = /^# HELP ([a-zA-Z_:][\w:]*) (\S.*)$/.exec(line);
    const type = /^# TYPE ([a-zA-Z_:][\w:]*) (counter|gauge)$/.exec(line);
    if (help) {
      helped = help[1];
      expect(families.has(helped ?? '')).toBe(false);
      continue;
    }
    if (type) {
      const [, name = '', kind = ''] = type;
      expect(name).toBe(helped);
      expect(name.endsWith('_total')).toBe(kind === 'counter');
      families.set(name, { type: kind, samples: [] });
      continue;
    }
    const [, name = '', , labels = '', value = ''] =
      /^([a-zA-Z_:][\w:]*)(\{((?:[a-zA-Z_]\w*="(?:[^"\\]|\\[\\"n])*",?)*)\})? (\S+)$/.exec(line) ?? [];
    expect(name, line).toBe(helped);
    expect(Number.isFinite(Number(value)), line).toBe(true);
    const pairs = [...labels.matchAll(/([a-zA-Z_]\w*)="((?:[^"\\]|\\[\\"n])*)"/g)].map(
      ([, label = '', text = '']) =>
        [label, text.replaceAll(/\\(.)/g, (_, escaped) => (escaped === 'n' ? '\n' : escaped))] as const,
    );
    const family = families.get(name);
    // No sample comes twice.
    expect(
      family?.samples.some(
        (sample) => JSON.stringify(Object.entries(sample.labels)) === JSON.stringify(pairs),
      ),
    ).toBe(false);
    family?.samples.push({ labels: Object.fromEntries(pairs), value: Number(value) });
  }
  return families;
}

function countedOf(fields: Partial<Counted> = {}): Counted {
  return {
    points: [],
    flows: [],
    holding: [],
    appeared: new Map(),
    analyses: 3,
    analysisSeconds: 1.5,
    lastSeconds: 0.25,
    span: 10,
    sampling: undefined,
    memory: 150_000_000,
    begun: 1_700_000_000.5,
    ...fields,
  };
}

const point = (namespace: string, device: string, packets: number, dropped: number | undefined) => ({
  point: { namespace: { name: namespace }, device },
  packets,
  bytes: packets * 100,
  dropped,
});

describe('metrics', () => {
  it('tell what was counted', () => {
    const finding = { cause: 'flt-rule-drop', severity: 'error' };
    const families = parse(
      metricsText(
        countedOf({
          points: [
            point('host', 'eth0', 7, 2),
            point('web', 'eth0', 5, undefined),
          ] as unknown as Counted['points'],
          flows: [
            { flow: { status: 'dropped' } },
            { flow: { status: 'dropped' } },
          ] as unknown as Counted['flows'],
          holding: [{ finding }, { finding }] as unknown as Counted['holding'],
          appeared: new Map([['flt-rule-drop', 4]]),
          sampling: { share: 0.25, aside: 1 },
        }),
      ),
    );
    const of = (name: string) => families.get(name)?.samples;
    expect(of('nettrace_packets_total')).toEqual([
      { labels: { namespace: 'host', interface: 'eth0' }, value: 7 },
      { labels: { namespace: 'web', interface: 'eth0' }, value: 5 },
    ]);
    expect(of('nettrace_dropped_packets_total')).toHaveLength(1);
    expect(of('nettrace_flows')).toContainEqual({ labels: { status: 'dropped' }, value: 2 });
    expect(of('nettrace_findings')).toEqual([
      { labels: { cause: 'flt-rule-drop', severity: 'error' }, value: 2 },
    ]);
    expect(of('nettrace_findings_appeared_total')).toEqual([
      { labels: { cause: 'flt-rule-drop' }, value: 4 },
    ]);
    expect(of('nettrace_kept_ratio')).toEqual([{ labels: {}, value: 0.25 }]);
    expect(families.get('nettrace_analyses_total')).toMatchObject({
      type: 'counter',
      samples: [{ value: 3 }],
    });
  });

  it('are read back whatever bytes names have', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' }), (namespace, device) => {
        fc.pre(!/[\r\u2028\u2029\u0085]/.test(namespace + device));
        const families = parse(
          metricsText(
            countedOf({ points: [point(namespace, device, 1, 0)] as unknown as Counted['points'] }),
          ),
        );
        expect(families.get('nettrace_packets_total')?.samples).toEqual([
          { labels: { namespace, interface: device }, value: 1 },
        ]);
      }),
    );
  });
});

describe('their server', () => {
  let server: MetricsServer | undefined;
  afterEach(async () => server?.close());

  function ask(
    port: number,
    method: string,
    path: string,
    host?: string,
  ): Promise<{ status: number; type: string; text: string }> {
    return new Promise((resolve, reject) => {
      const headers = host === undefined ? {} : { host };
      const asking = request({ host: '127.0.0.1', port, method, path, headers }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (more: string) => {
          text += more;
        });
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, type: response.headers['content-type'] ?? '', text }),
        );
      });
      asking.on('error', reject);
      asking.end();
    });
  }

  it('tells them to loopback names, and nothing else to nobody else', async () => {
    let count = 0;
    server = await serveMetrics(0, () => `a ${++count}\n`);
    const { port } = server;
    expect(await ask(port, 'GET', '/metrics')).toEqual({
      status: 200,
      type: 'text/plain; version=0.0.4; charset=utf-8',
      text: 'a 1\n',
    });
    expect(await ask(port, 'GET', '/metrics', 'localhost')).toMatchObject({ status: 200, text: 'a 2\n' });
    for (const [method, path, host] of [
      ['GET', '/', undefined],
      ['GET', '/metrics/..', undefined],
      ['POST', '/metrics', undefined],
      ['GET', '/metrics', 'rebound.example'],
      ['GET', '/metrics', `127.0.0.1.example:${port}`],
    ] as const)
      expect(await ask(port, method, path, host)).toMatchObject({ status: 404 });
    expect(count).toBe(2);
  });

  it('says that a port is taken, and gives it back', async () => {
    server = await serveMetrics(0, () => '');
    const { port } = server;
    await expect(serveMetrics(port, () => '')).rejects.toThrow(/EADDRINUSE/);
    await server.close();
    server = await serveMetrics(port, () => '');
    expect(server.port).toBe(port);
  });
});
