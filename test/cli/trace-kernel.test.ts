/** `nettrace trace` where the inputs hold a netfilter trace of a packet just like the hypothetical one. */
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import pathSchema from '../../schemas/path.schema.json' with { type: 'json' };
import topologySchema from '../../schemas/topology.schema.json' with { type: 'json' };
import traceSchema from '../../schemas/trace.schema.json' with { type: 'json' };
import type { TraceReport } from '../../src/report/trace-report.ts';
import { run } from './harness.ts';

const ROOT = 'test/traces/recorded';
const SHARED = ['ip-addr.json', 'ip-route.json', 'ip6-route.json', 'ip-rule.json', 'ip-neigh.json'];
const MORE = ['bridge-fdb.json', 'sysctl.txt'];
const TO = ['--from', 'r:p1', '--src', '10.5.0.2', '--to', '10.5.0.1:8080'];

const inputs = (backend: string, trace: string, rules = join(ROOT, backend, 'iptables-save.txt')) =>
  [
    rules,
    join(ROOT, backend, trace),
    join(ROOT, backend, 'ip6tables-save.txt'),
    ...[...SHARED, ...MORE].map((name) => join(ROOT, name)),
  ].map((path) => `r:=${path}`);

const ajv = new Ajv({ strict: true, allowUnionTypes: true }).addSchema(pathSchema).addSchema(topologySchema);
const valid = ajv.compile(traceSchema);

async function traced(words: readonly string[]): Promise<TraceReport> {
  const { stdout, stderr } = await run(['trace', ...words, '--format', 'json']);
  expect(stderr).toBe('');
  const report = JSON.parse(stdout) as TraceReport;
  valid(report);
  expect(valid.errors ?? []).toEqual([]);
  return report;
}

const summary = ({ kernel }: TraceReport) =>
  kernel?.map(({ direction, outcome, model }) => `${direction} ${outcome} ${model}`);

const FORMS = [
  ['legacy', 'kernel.log'],
  ['nft', 'nft-trace.txt'],
  ['nft', 'xtables-monitor.txt'],
] as const;

describe.each(FORMS)('%s, %s', (backend, trace) => {
  it('shows the kernel’s way of packet and answer, which is the model’s', async () => {
    const report = await traced([...inputs(backend, trace), ...TO]);
    expect(summary(report)).toEqual(['forward left agrees', 'reply left agrees']);
    expect(report.kernel?.[0]?.steps.filter(({ kind }) => kind === 'rule')).toContainEqual(
      expect.objectContaining({ table: 'filter', chain: 'web', number: 2 }),
    );
  });

  it('shows none of another packet', async () => {
    const words = inputs(backend, trace);
    expect((await traced([...words, ...TO.slice(0, -1), '10.5.0.1:8081'])).kernel).toBeUndefined();
    expect((await traced([...words, ...TO, '--sport', '1'])).kernel).toBeUndefined();
    expect((await traced([...words, ...TO, '--proto', 'udp'])).kernel).toBeUndefined();
    expect((await traced([...words, '--from', 'r', '--to', '10.5.0.1:8080'])).kernel).toBeUndefined();
  });
});

it('says so where the rules of the dump are not those of the trace', async () => {
  const rules = join(mkdtempSync(join(tmpdir(), 'traced-')), 'rules.txt');
  const text = readFileSync(join(ROOT, 'legacy', 'iptables-save.txt'), 'utf8');
  const changed = text.replace('-A web -p tcp -m tcp --dport 80 -j ACCEPT', '-A web -p tcp -j DROP');
  expect(changed).not.toBe(text);
  writeFileSync(rules, changed);
  const words = [...inputs('legacy', 'kernel.log', rules), ...TO];
  expect(summary(await traced(words))?.[0]).toBe('forward left parts');
  const { status, stdout } = await run(['trace', ...words], { columns: 80 });
  expect(status).toBe(1);
  expect(stdout).toContain('The packet is dropped in r');
  expect(stdout.replace(/\s+/g, ' ')).toContain('The kernel’s own trace of such a packet parts from that');
  expect(stdout).toMatch(/the model +✗ the kernel goes on to/);
});
