import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import type { Analysis } from '../../src/report/analysis.ts';
import { flowName } from '../../src/report/text/flow-name.ts';
import { displayWidth } from '../../src/report/text/width.ts';
import type { Story } from '../../src/report/why/story.ts';
import { mermaidParser, readMarkdown } from '../report/markdown-tree.ts';
import { run } from './harness.ts';

const ROOT = 'captures';
const incidents = readdirSync(ROOT)
  .filter((name) => !name.startsWith('healthy-') && existsSync(join(ROOT, name, 'bundle')))
  .filter((_, index) => index % 8 === 0);

const ajv = new Ajv({ allErrors: true, strict: true, allowUnionTypes: true });
for (const file of readdirSync('schemas'))
  ajv.addSchema(JSON.parse(readFileSync(`schemas/${file}`, 'utf8')) as object);

const bundleOf = (name: string) => join(ROOT, name, 'bundle');

async function json<T>(words: readonly string[]): Promise<T> {
  return JSON.parse((await run([...words, '--format', 'json', '-q'])).stdout) as T;
}

describe.each(incidents)('why of %s', (name) => {
  it('names the cause that analyze names for that flow, valid against its schema', async () => {
    const analysis = await json<Analysis>(['analyze', bundleOf(name)]);
    const flow = analysis.flows.find(({ findings }) => findings.length > 0);
    if (!flow) return;
    const story = await json<Story>(['why', bundleOf(name), '--flow', flowName(flow)]);
    expect(story.flow?.id).toBe(flow.id);
    expect(story.findings.map(({ cause }) => cause)).toEqual(
      flow.findings.map((index) => analysis.findings[index]?.cause),
    );
    const validate = ajv.getSchema('https://nettrace.invalid/schemas/why.schema.json');
    expect(validate?.(story), JSON.stringify(validate?.errors?.slice(0, 3))).toBe(true);
  });

  it('fits 80 columns, commands apart, and says what was seen of it where', async () => {
    const { stdout } = await run(['why', bundleOf(name)]);
    const commands =
      /^ +(?:-A|\S+ +--flow|iptables|ip6tables|ip|sysctl|nft|nsenter|docker|echo|ethtool|arptables|ebtables|conntrack|tc|ipset|bridge|kubectl) /;
    const wide = stdout.split('\n').filter((line) => displayWidth(line) > 80 && !commands.test(line));
    expect(wide).toEqual([]);
    expect(stdout).not.toMatch(/\x1b|undefined|NaN|\[object/);
  });
});

it('begins with the failing flow, and says how to pick the others', async () => {
  const { stdout, status } = await run(['why', bundleOf('dns-server-silent'), '--host', '9.9.9.10']);
  expect(status).toBe(1);
  expect(stdout).toMatch(
    /^filter: 2 of 2 flows \(host 9\.9\.9\.10\)\nudp 192\.168\.201\.17:38458 → 9\.9\.9\.10:53: no answer/,
  );
  const [, option] = /delivered +--flow '([^']*)'/.exec(stdout) ?? [];
  const other = await run(['why', bundleOf('dns-server-silent'), '--flow', option ?? '']);
  expect(other.status).toBe(0);
  expect(other.stdout).toContain('healthy, it was answered');
});

it('names the nearest where none is asked for', async () => {
  const { stdout, status } = await run([
    'why',
    bundleOf('dns-server-silent'),
    '--flow',
    'tcp 192.168.201.17 > 9.9.9.10:53',
  ]);
  expect(status).toBe(2);
  expect(stdout).toMatch(
    /No flow is what the filter asks for\.\n\nThe nearest\n +no-reply +--flow 'udp 192\.168\.201\.17:38458 > 9\.9\.9\.10:53'\n/,
  );
});

it.each([
  // A rule of another service, one for lo, and one that asks nothing else: nobody meant this packet by them.
  ['input-drops-management', []],
  // The same service, but the client behind NAT has another address; another port from anywhere isn't it.
  ['everything-masqueraded', ['-s 198.51.100.0/24']],
  ['forward-policy-drops-udp', ['-p tcp']],
])('of %s near misses are those that may have been meant: %j', async (name, conditions) => {
  const { stdout } = await run(['why', `captures/${name}/bundle`, '--format', 'json']);
  const { nearRules } = JSON.parse(stdout) as { nearRules: { condition: string }[] };
  expect(nearRules.map(({ condition }) => condition)).toEqual(conditions);
});

it('names the rule that nearly accepted it, and the condition that kept it from that', async () => {
  const { stdout } = await run(['why', bundleOf('docker-forward-drop-other-bridge')]);
  expect(stdout).toMatch(
    /filter FORWARD rule 5 would have accepted it but for `-i docker0`: the packet\s+comes in by vmbr1/,
  );
});

it('is Markdown for an issue, with the packets as a diagram where several points saw them', async () => {
  const { stdout } = await run(['why', bundleOf('published-port-no-way-back'), '--format', 'markdown']);
  const { headings, fences, tables, faults } = readMarkdown(stdout);
  expect(faults).toEqual([]);
  expect(headings[0]?.text).toMatch(/^tcp 198\.51\.100\.200:55172 → 198\.51\.100\.14:9443: no answer: /);
  expect(fences.find(({ language }) => language === 'text')?.text).toMatch(/^┌ host\n/);
  expect(fences.find(({ language }) => language === 'sh')?.text).toBe(
    'ip netns exec vault ip route add default via 10.88.3.1',
  );
  expect(tables[0]?.head).toEqual(['Time', 'At', 'What']);
  const [diagram] = fences.filter(({ language }) => language === 'mermaid');
  expect(await (await mermaidParser())(diagram?.text ?? '')).toBe('sequence');
  expect(diagram?.text).toContain('Note over c1,c2: NAT: 198.51.100.200:55172 #62; 10.88.3.4:8200\n');
});

it('has the packets of healthy flows, too', async () => {
  const { stdout } = await run([
    ...['why', bundleOf('published-port-no-way-back'), '--format', 'markdown'],
    ...['--filter', 'not host 198.51.100.200'],
  ]);
  expect(stdout).toMatch(/^## .*healthy, it was answered\n/);
  expect(stdout).toContain('```mermaid\nsequenceDiagram\n');
});
