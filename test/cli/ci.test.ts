/** Reports for CI systems: JUnit XML, SARIF, and annotations of GitHub Actions. Those of every incident: test/report/incidents.test.ts. */
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { analysisForCi } from '../../src/cli/actions/ci.ts';
import type { Analysis } from '../../src/report/analysis.ts';
import { catalogue } from '../../src/report/catalogue.ts';
import { checkJunit } from '../support/xml-check.ts';
import { checkedSarif, checkGithub, type Sarif } from './ci-forms.ts';
import { run } from './harness.ts';
import { makeLab } from './lab.ts';

const BUNDLE = 'captures/reject-tcp-reset/bundle';

describe('analyze --format', () => {
  it('junit says rule, file and line, and fails as the analysis does', async () => {
    const { status, stdout } = await run(['analyze', BUNDLE, '--format', 'junit', '-q']);
    expect(status).toBe(1);
    const junit = checkJunit(stdout);
    const [, findings, flows] = junit.children;
    const [failure] = findings?.children[0]?.children ?? [];
    expect(failure?.attributes).toEqual({
      type: 'flt-reject',
      message: 'the host rejects it: filter no-mail rule 2',
    });
    expect(failure?.text).toMatch(/^captures\/.*iptables-save\.txt:9: -A no-mail -p tcp/);
    expect(flows?.attributes).toMatchObject({ name: 'nettrace.flows', failures: '1' });
    expect(flows?.children[0]?.attributes.name).toBe('tcp 10.111.0.44:59308 → 192.0.2.25:25');
  });

  it('sarif says it at the line of the rule, with the chain and a fingerprint', async () => {
    const { status, stdout } = await run(['analyze', BUNDLE, '--format', 'sarif', '-q']);
    expect(status).toBe(1);
    const [result] = checkedSarif(stdout).runs[0]?.results ?? [];
    expect(result).toMatchObject({ ruleId: 'flt-reject', level: 'error' });
    const [location] = result?.locations ?? [];
    expect(location?.physicalLocation).toMatchObject({
      artifactLocation: { uri: `${BUNDLE}/namespaces/host/iptables-save.txt` },
      region: { startLine: 9, snippet: { text: expect.stringContaining('-A no-mail') as string } },
    });
    expect(location?.logicalLocations?.[0]?.fullyQualifiedName).toBe('host/web0/filter/no-mail');
    expect(result?.partialFingerprints['nettraceFinding/v1']).toMatch(/^[0-9a-f]{64}$/);
  });

  it('github prints a command for each finding', async () => {
    const { stdout } = await run(['analyze', BUNDLE, '--format', 'github', '-q']);
    expect(checkGithub(stdout)[0]).toMatch(
      /^::error file=captures\/.*iptables-save\.txt,line=9,title=the host rejects it%3A filter no-mail rule 2::.*%0Anettrace explain flt-reject$/,
    );
  });

  it('tells what is wrong with inputs, and that nothing was where nothing is', async () => {
    const lab = makeLab();
    const notes = lab.file('notes.txt', 'milk\neggs\n');
    const junit = await run(['analyze', lab.bundle, notes, '--format', 'junit']);
    expect(junit.status).toBe(2);
    expect(checkJunit(junit.stdout).attributes.errors).toBe('1');
    const { runs } = checkedSarif((await run(['analyze', lab.bundle, notes, '--format', 'sarif'])).stdout);
    expect(runs[0]?.invocations[0]?.executionSuccessful).toBe(false);
    expect(runs[0]?.invocations[0]?.toolExecutionNotifications[0]?.level).toBe('error');
    const github = await run(['analyze', lab.bundle, notes, '--format', 'github']);
    expect(checkGithub(github.stdout).some((line) => line.startsWith(`::error file=${notes}`))).toBe(true);
    const healthy = await run(['analyze', 'captures/healthy-ipv6-routed/bundle', '--format', 'github']);
    expect([healthy.status, healthy.stdout]).toEqual([0, '']);
    rmSync(lab.folder, { recursive: true });
  });

  it('writes to a file', async () => {
    const lab = makeLab();
    const path = join(lab.folder, 'out.sarif');
    const { stdout } = await run(['analyze', lab.bundle, '--format', 'sarif', '-o', path]);
    expect(stdout).toBe('');
    checkedSarif(readFileSync(path, 'utf8'));
    rmSync(lab.folder, { recursive: true });
  });
});

const EVIL = [
  '\u001b[31mred\u0007',
  '<script>&"\'</failure>]]>',
  '\u0000\u0001\u000b\ufffe\uffff\ud800 lone',
  '\u202eevil\u2066\u00ad',
  '::error::x\r\n::set-output name=a::b',
  '%0A%25,title=x:',
];

describe('hostile text in every field', () => {
  const evil = EVIL.join('');
  const analysis: Analysis = {
    schema: 'nettrace-analysis/1',
    inputs: [{ path: evil, kind: evil, warnings: [evil] }],
    topology: { namespaces: [], captures: [], missing: [] },
    flows: [
      {
        id: 0,
        protocol: evil,
        client: { address: evil, namespace: evil, name: evil },
        server: { address: evil, port: 53, namespace: evil, name: evil },
        start: 1,
        end: 2,
        packets: { forward: 1, reply: 0 },
        status: 'dropped',
        sightings: [{ capture: evil, packets: 1, direction: 'forward', tuple: evil }],
        predicted: [],
        divergence: { namespace: evil, after: evil, text: evil },
        findings: [0],
      },
    ],
    findings: [
      {
        cause: 'flt-drop',
        severity: 'error',
        confidence: 0.9,
        title: evil,
        explanation: evil,
        namespace: evil,
        interface: evil,
        rule: { family: 4, table: evil, chain: evil, number: 1, text: evil, path: evil, line: 3 },
        flows: [0],
        evidence: [
          { path: evil, packet: 1, text: evil },
          { path: evil, line: 2, text: evil },
        ],
        fix: { commands: [evil], verified: true, effect: evil },
      },
    ],
    warnings: [{ path: evil, line: 1, text: evil }],
  };
  const unusable = [{ severity: 'error' as const, code: 'x', path: evil, text: `broken ${evil}` }];
  const ran = { version: '0.1.0', pages: catalogue(), unusable };
  const CONTROL = /[\x00-\x09\x0b-\x1f\x7f-\x9f\u00ad\u202e\u2066\ud800-\udfff]/;

  it('is text in XML', () => {
    const xml = analysisForCi('junit', analysis, ran);
    expect(xml).not.toMatch(CONTROL);
    const root = checkJunit(xml);
    expect(root.children[1]?.children[0]?.children[0]?.attributes.message).toContain(
      '<script>&"\'</failure>]]>\\x00\\x01\\x0b\\u{fffe}\\u{ffff}\\u{d800} lone\\u{202e}evil',
    );
  });

  it('is text in SARIF', () => {
    const text = analysisForCi('sarif', analysis, ran);
    expect(text).not.toMatch(CONTROL);
    const said = JSON.stringify(JSON.parse(text), (_, value: unknown) =>
      typeof value === 'string' && CONTROL.test(value.replaceAll('\n', ''))
        ? expect.fail(JSON.stringify(value))
        : value,
    );
    expect(said).toContain('<script>');
    const [location] = (JSON.parse(text) as Sarif).runs[0]?.results[0]?.locations ?? [];
    expect(decodeURIComponent(location?.physicalLocation?.artifactLocation.uri ?? '')).toContain(
      '</failure>',
    );
  });

  it('is no command of its own for GitHub', () => {
    const text = analysisForCi('github', analysis, ran);
    expect(text).not.toMatch(CONTROL);
    expect(checkGithub(text).length).toBe(2);
  });
});

it('very many failing flows are told in few cases', async () => {
  const { stdout } = await run(['analyze', BUNDLE, '--format', 'json', '-q']);
  const analysis = JSON.parse(stdout) as Analysis;
  const [flow] = analysis.flows;
  const flows = Array.from({ length: 5000 }, (_, id) => ({
    ...(flow as Analysis['flows'][number]),
    id,
    server: { address: `192.0.${id >> 8}.${id & 255}`, port: 25 },
  }));
  const xml = analysisForCi('junit', { ...analysis, flows }, { version: '0', pages: [], unusable: [] });
  const suite = checkJunit(xml).children[2];
  expect(suite?.children.length).toBe(201);
  expect(suite?.children.at(-1)?.children[0]?.attributes.message).toBe('4800 flows');
});
