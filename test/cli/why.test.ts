import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import type { Analysis } from '../../src/report/analysis.ts';
import { code, escaped } from '../../src/report/markdown/escape.ts';
import { flowName } from '../../src/report/text/flow-name.ts';
import { displayWidth } from '../../src/report/text/width.ts';
import type { Story } from '../../src/report/why/story.ts';
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

it('names the rule that nearly accepted it, and the condition that kept it from that', async () => {
  const { stdout } = await run(['why', bundleOf('docker-forward-drop-other-bridge')]);
  expect(stdout).toMatch(
    /filter FORWARD rule 5 would have accepted it but for `-i docker0`: the packet\s+comes in by vmbr1/,
  );
});

it('is Markdown for an issue', async () => {
  const { stdout } = await run(['why', bundleOf('docker-forward-drop-other-bridge'), '--format', 'markdown']);
  expect(stdout).toMatch(/^## tcp 10\.88\.0\.101:45218 → 198\.51\.100\.8:80: dropped/);
  expect(stdout).toContain('\n```text\n┌ host\n');
  expect(stdout).toContain('* `iptables -I DOCKER-USER -i vmbr1 -o eno1 -j ACCEPT`');
});

const HOSTILE: readonly (readonly [text: string, shown: string])[] = [
  ['<script>alert(1)</script>', '&lt;script&gt;alert(1)&lt;/script&gt;'],
  ['[a](javascript:b) ![c](d)', '\\[a\\](javascript:b) \\!\\[c\\](d)'],
  ['a|b `c` *d* _e_ #1 @f &amp;', 'a\\|b \\`c\\` \\*d\\* \\_e\\_ \\#1 \\@f &amp;amp;'],
  ['\x1b[2J\u202e', '\\\\x1b\\[2J\\\\u\\{202e\\}'],
];

describe('what inputs say is text in Markdown', () => {
  it.each(HOSTILE)('%j', (text, shown) => {
    expect(escaped(text)).toBe(shown);
  });

  it('also within code', () => {
    expect(code('a `b` ``c``')).toBe('``` a `b` ``c`` ```');
    expect(code('plain')).toBe('`plain`');
  });
});
