/** `nettrace test`: exit status, formats, selection, --update, --watch and coverage. */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SaxesParser } from 'saxes';
import { describe, expect, it } from 'vitest';
import { parseDocument } from 'yaml';
import { run } from '../cli/harness.ts';
import { expectValid } from '../support/schemas.ts';
import { inFolder, RULES, router, STATE } from './lab.ts';

const GOOD = 'from 10.0.0.9 to 8.8.8.8:443/tcp: forwarded';
const BAD = 'from 10.0.0.9 to 8.8.8.8:25/tcp: forwarded';
const LOST = 'from nobody to 8.8.8.8:25/tcp: forwarded';

describe('exit status', () => {
  it.each([
    [[GOOD], 0],
    [[GOOD, BAD], 1],
    [[GOOD, BAD, LOST], 2],
  ])('%j: %i', async (rows, status) => {
    await inFolder(router(rows), async (folder) => {
      for (const format of ['text', 'json', 'junit', 'tap'])
        expect((await folder.test(['--format', format])).status).toBe(status);
    });
  });

  it('no case at all, no such folder, nothing of that name', async () => {
    await inFolder({ 'a.rules': RULES }, async (folder) => {
      const { status, stderr } = await folder.test();
      expect(stderr).toContain('there is no case in');
      expect(status).toBe(2);
    });
    expect((await run(['test', 'no/such/folder'])).status).toBe(2);
    await inFolder(router([GOOD]), async (folder) => {
      expect((await folder.test(['--only', 'nothing'])).status).toBe(2);
    });
  });
});

describe('formats', () => {
  const rows = [GOOD, BAD, LOST, `${BAD} by filter FORWARD "<&>"`];

  it('json is valid, and has the way of what fails', async () => {
    await inFolder(router(rows), async (folder) => {
      const { stdout } = await folder.test(['--format', 'json', '--coverage-threshold', '50']);
      const report = JSON.parse(stdout);
      expectValid('test', report);
      expect(report.summary.rows).toEqual({ all: 4, passed: 1, failed: 2, error: 1 });
      const [good, bad] = report.cases[0].rows;
      expect(good.there).toBeUndefined();
      expect(bad.there.verdict).toBe('rejected');
      expect(bad.rule).toMatchObject({ path: 'DIR/router.rules', line: 15 });
      expect(report.coverage.threshold).toBe(50);
    });
  });

  it('all have the rule that nearly let it pass', async () => {
    const rules = RULES.replace('-i lan0 -o wan0', '-i lan1 -o wan0').replace(
      /^.*icmp-admin-prohibited\n/m,
      '',
    );
    await inFolder({ ...router([GOOD]), 'router.rules': rules }, async (folder) => {
      const report = JSON.parse((await folder.test(['--format', 'json'])).stdout);
      expectValid('test', report);
      const [{ near }] = report.cases[0].rows;
      expect(near[0]).toMatchObject({ condition: '-i lan1', number: 2, line: 14 });
      const said =
        /router\.rules:14: filter FORWARD rule 2 would have accepted it but for `-i lan1`: the packet comes in by lan0/;
      for (const format of ['text', 'junit', 'tap'])
        expect((await folder.test(['--format', format])).stdout.replace(/\s+/g, ' ')).toMatch(said);
    });
  });

  it('junit is well-formed, with the row’s place and the rule in its text', async () => {
    await inFolder(router(rows), async (folder) => {
      const { stdout } = await folder.test(['--format', 'junit']);
      const cases: Record<string, unknown>[] = [];
      const parser = new SaxesParser();
      parser.on('opentag', (tag) => {
        if (tag.name === 'testcase') cases.push(tag.attributes);
      });
      parser.write(stdout).close();
      expect(cases.map(({ name }) => name)).toHaveLength(4);
      expect(new Set(cases.map(({ name }) => name)).size).toBe(4);
      expect(stdout).toContain('failures="2" errors="1"');
      expect(stdout).toContain('DIR/router.expect.yaml:14:5');
      expect(stdout).toContain('rule: DIR/router.rules:15: -A FORWARD -i lan0 -j REJECT');
    });
  });

  it('tap has a line for each row, and YAML below what fails', async () => {
    await inFolder(router(rows), async (folder) => {
      const { stdout } = await folder.test(['--format', 'tap']);
      const lines = stdout.split('\n');
      expect(lines.slice(0, 2)).toEqual(['TAP version 14', '1..4']);
      expect(lines.filter((line) => line.startsWith('ok '))).toHaveLength(1);
      expect(lines.filter((line) => line.startsWith('not ok '))).toHaveLength(3);
      const blocks = [...stdout.matchAll(/^ {2}---\n([\s\S]*?)^ {2}\.\.\.$/gm)].map(([, block = '']) =>
        parseDocument(block.replace(/^ {2}/gm, '')),
      );
      expect(blocks.flatMap(({ errors }) => errors)).toEqual([]);
      expect(blocks[0]?.toJS()).toMatchObject({ severity: 'fail', type: 'verdict' });
      expect(blocks[0]?.toJS().details).toContain('rule: DIR/router.rules:15');
    });
  });

  it('-o writes a file, and no input', async () => {
    await inFolder(router([GOOD]), async (folder) => {
      const file = join(folder.path, 'out.xml');
      const { stdout } = await folder.test(['--format', 'junit', '-o', file]);
      expect(stdout).toBe('');
      expect(readFileSync(file, 'utf8')).toContain('<testsuites');
      const { status, stderr } = await folder.test(['-o', join(folder.path, 'router.rules')]);
      expect(stderr).toContain('would be overwritten');
      expect(status).toBe(2);
    });
  });

  it('--only takes cases and rows', async () => {
    await inFolder(
      router([GOOD, BAD], { 'other.expect.yaml': `${STATE}packets:\n  - ${BAD}\n` }),
      async (folder) => {
        expect((await folder.test(['--only', '443'])).stdout).toContain('✓ router 1 row,');
        expect((await folder.test(['--only', 'from*443'])).status).toBe(0);
        expect((await folder.test(['--only', 'router'])).stdout).toContain(
          '1 case: 1 failed, 0 passed · 2 rows',
        );
        expect((await folder.test(['--only', 'OTHER', '--only', '443'])).stdout).toContain('2 cases');
      },
    );
  });

  it('-v names what passes', async () => {
    await inFolder(router([GOOD]), async (folder) => {
      expect((await folder.test(['-v'])).stdout).toContain(`  ✓ ${GOOD}\n`);
    });
  });
});

describe('--update', () => {
  const source = (rows: string) => `# The router.\n${STATE}\npackets:  # all of them\n${rows}`;
  const before = source(`  # what was wrong
  - from 10.0.0.9 to 8.8.8.8:443/tcp: dropped   # once
  - from 10.0.0.9 to 8.8.8.8:25/tcp: rejected by filter FORWARD 9 # number
  - "from 10.0.0.9 to 8.8.8.8:80/tcp: dropped"
  - 'from wan0 to host:22/tcp: dropped'
  -   from wan0 to host:8080/tcp:   # new
  - from host to 8.8.8.8:53/udp
  - from wan0 to host:8443/tcp: delivered to 10.0.0.5
`);
  const after = source(`  # what was wrong
  - from 10.0.0.9 to 8.8.8.8:443/tcp: forwarded via wan0 as 203.0.113.2, answered   # once
  - from 10.0.0.9 to 8.8.8.8:25/tcp: rejected by filter FORWARD 3 # number
  - "from 10.0.0.9 to 8.8.8.8:80/tcp: forwarded via wan0 as 203.0.113.2, answered"
  - 'from wan0 to host:22/tcp: delivered in host, answered'
  -   from wan0 to host:8080/tcp: dropped by filter INPUT policy   # new
  - from host to 8.8.8.8:53/udp: forwarded via wan0, answered
  - from wan0 to host:8443/tcp: delivered to 10.0.0.5
`);

  it('writes what holds, and leaves everything else as it is', async () => {
    await inFolder({ 'router.rules': RULES, 'router.expect.yaml': before }, async (folder) => {
      const { status, stdout, stderr } = await folder.test(['--update']);
      expect(readFileSync(join(folder.path, 'router.expect.yaml'), 'utf8')).toBe(after);
      expect(stderr).toBe('nettrace: DIR/router.expect.yaml: 6 rows written\n');
      expect(stdout).toContain('✓ router 7 rows');
      expect(status).toBe(0);
      expect((await folder.test(['--update'])).stderr).toBe('');
    });
  });

  it('within brackets a text with commas gets quotes', async () => {
    const rows = `packets: [from 10.0.0.9 to 8.8.8.8:443/tcp: dropped, "from wan0 to host:22/tcp": dropped]\n`;
    const keys = `packets: { from 10.0.0.9 to 8.8.8.8:443/tcp : , from wan0 to host:22/tcp: ~ }\n`;
    for (const text of [rows, keys])
      await inFolder({ 'a.rules': RULES, 'a.expect.yaml': STATE + text }, async (folder) => {
        const { status, stdout } = await folder.test(['--update']);
        expect(stdout).toContain('✓ a 2 rows');
        expect(status).toBe(0);
        const now = readFileSync(join(folder.path, 'a.expect.yaml'), 'utf8');
        expect(now).toContain("'forwarded via wan0 as 203.0.113.2, answered'");
        expect(now.startsWith(STATE)).toBe(true);
      });
  });

  it('JSON stays JSON', async () => {
    const state = STATE.replace(/^state: \|\n/, '').replace(/^ {2}/gm, '');
    const rows = [
      { 'from 10.0.0.9 to 8.8.8.8:443/tcp': 'dropped' },
      { 'from wan0 to host:22/tcp': null },
      'from wan0 to host:23/tcp',
    ];
    const text = JSON.stringify({ state, packets: rows }, null, 2);
    await inFolder({ 'a.rules': RULES, 'a.expect.json': text }, async (folder) => {
      expect((await folder.test(['--update'])).status).toBe(0);
      expect(JSON.parse(readFileSync(join(folder.path, 'a.expect.json'), 'utf8')).packets).toEqual([
        { 'from 10.0.0.9 to 8.8.8.8:443/tcp': 'forwarded via wan0 as 203.0.113.2, answered' },
        { 'from wan0 to host:22/tcp': 'delivered in host, answered' },
        'from wan0 to host:23/tcp: dropped by filter INPUT policy',
      ]);
    });
  });

  it('flows and findings of captures', async () => {
    const bundle = `${process.cwd()}/captures/forward-off-bridge/bundle`;
    const text = `inputs: [${bundle}]\nflows:\n  - icmp 10.20.0.11 > 9.9.9.9: healthy\n  - icmp 10.20.0.11 > 10.20.0.12:\nfindings: none # yet\n`;
    await inFolder({ 'a.expect.yaml': text }, async (folder) => {
      expect((await folder.test()).status).toBe(2);
      expect((await folder.test(['--update'])).status).toBe(0);
      expect(readFileSync(join(folder.path, 'a.expect.yaml'), 'utf8')).toBe(
        `inputs: [${bundle}]\nflows:\n  - icmp 10.20.0.11 > 9.9.9.9: dropped by fwd-ip-forward-off\n  - icmp 10.20.0.11 > 10.20.0.12: healthy\nfindings: [fwd-ip-forward-off] # yet\n`,
      );
    });
  });
});

describe('--update of an empty case of captures', () => {
  const bundle = `${process.cwd()}/captures/forward-off-bridge/bundle`;

  it('writes all flows and findings', async () => {
    const text = `# new\ninputs: [${bundle}]\nflows: # all\nfindings:\n`;
    await inFolder({ 'a.expect.yaml': text }, async (folder) => {
      expect((await folder.test()).status).toBe(2);
      const { status, stderr } = await folder.test(['--update']);
      expect(status, stderr).toBe(0);
      expect(readFileSync(join(folder.path, 'a.expect.yaml'), 'utf8')).toBe(`# new
inputs: [${bundle}]
flows:
  - icmp 10.20.0.11 > 10.20.0.12: healthy
  - icmp 10.20.0.11 > 9.9.9.9: dropped by fwd-ip-forward-off in host, last seen at host:br-lab # all
findings: [fwd-ip-forward-off]
`);
    });
  });

  it('in JSON, too', async () => {
    const text = `{ "inputs": ["${bundle}"], "flows": null, "findings": null }`;
    await inFolder({ 'a.expect.json': text }, async (folder) => {
      expect((await folder.test(['--update'])).status).toBe(0);
      const { flows, findings } = JSON.parse(readFileSync(join(folder.path, 'a.expect.json'), 'utf8'));
      expect(flows).toHaveLength(2);
      expect(findings).toEqual(['fwd-ip-forward-off']);
    });
  });

  it('holds for every bundle', { timeout: 300_000 }, async () => {
    const bundles = [
      'docker-forward-off-dnat',
      'every-other-address-is-dead',
      'healthy-scanned-host',
      'ipv6-forwarding-off',
      'dnat-to-a-ghost',
    ];
    for (const name of bundles) {
      const text = `inputs: [${process.cwd()}/captures/${name}/bundle]\nflows:\nfindings:\n`;
      await inFolder({ 'a.expect.yaml': text }, async (folder) => {
        const { status, stdout } = await folder.test(['--update']);
        expect(status, `${name}: ${stdout}`).toBe(0);
      });
    }
  });
});

describe('flows', () => {
  const bundle = `${process.cwd()}/captures/docker-forward-off-dnat/bundle`;
  const flow = 'tcp 192.0.2.66 > 192.0.2.10:8081';
  const rows = (text: string) => ({ 'a.expect.yaml': `inputs: [${bundle}]\n${text}` });

  it('hold', async () => {
    const text = `flows:
  - ${flow}: dropped by fwd-ip-forward-off in host, last seen at host:eth0, not seen at host:docker0, fix "ip_forward=1"
  - ${flow}: dropped by net.ipv4.ip_forward
  - ${flow}: no-reply or dropped by neigh-failed or fwd-ip-forward-off-dnat
  - tcp 172.17.0.1 > 172.17.0.2:80: healthy, seen at host:docker0
findings: [fwd-ip-forward-off-dnat]
never: [nat-masquerade-missing]
`.replace('by fwd-ip-forward-off in', 'by fwd-ip-forward-off-dnat in');
    await inFolder(rows(text), async (folder) => {
      const { status, stdout } = await folder.test();
      expect(stdout).toContain('✓ a 6 rows');
      expect(status).toBe(0);
    });
  });

  it('name the rule of their finding', async () => {
    const bundle = `${process.cwd()}/captures/another-table-drops/bundle`;
    const text = `inputs: [${bundle}]\nflows:\n  - tcp 10.140.8.25 > 198.51.100.25:587: healthy\n`;
    await inFolder({ 'a.expect.yaml': text }, async (folder) => {
      const { stdout } = await folder.test([], { columns: 300 });
      expect(stdout.replace(/\s+/g, ' ')).toMatch(
        /rule \S*nft-ruleset\.json:1: tcp dport { 25, 587 } .* drop/,
      );
    });
  });

  it('stopped by the policy of a chain', async () => {
    const bundle = `${process.cwd()}/captures/forward-policy-drops-udp/bundle`;
    const of = (by: string) =>
      `inputs: [${bundle}]\nflows:\n  - udp 10.150.0.20 > 203.0.113.77:1812: dropped by filter ${by}\n`;
    for (const [by, status] of [
      ['FORWARD policy', 0],
      ['FORWARD 1', 1],
      ['INPUT policy', 1],
    ] as const)
      await inFolder({ 'a.expect.yaml': of(by) }, async (folder) => {
        const { status: is, stdout } = await folder.test();
        expect(is, stdout).toBe(status);
      });
  });

  it('as NAT made them', async () => {
    const published = `${process.cwd()}/captures/docker-publish-healthy/bundle`;
    const of = (part: string) =>
      `inputs: [${published}]\nflows:\n  - tcp 192.0.2.166 > 192.0.2.161:8090: ${part}\n`;
    for (const [part, status] of [
      ['healthy to 10.201.5.2:8080', 0],
      ['healthy to 10.201.5.3', 1],
      ['healthy as 10.201.5.2', 1],
      ['healthy as 192.0.2.166 to 10.201.5.2', 0],
    ] as const)
      await inFolder({ 'a.expect.yaml': of(part) }, async (folder) => {
        const { status: is, stdout } = await folder.test();
        expect(is, stdout).toBe(status);
      });
  });

  it.each([
    [`flows:\n  - ${flow}: healthy\n`, 'dropped by fwd-ip-forward-off-dnat'],
    [`flows:\n  - ${flow}: dropped by neigh-failed\n`, 'dropped by fwd-ip-forward-off-dnat'],
    [`flows:\n  - ${flow}: dropped, last seen at site:eth0\n`, 'dropped, last seen at host:eth0'],
    [`flows:\n  - ${flow}: dropped in site\n`, 'dropped in host'],
    ['flows:\n  - tcp 10.9.9.9 > 10.9.9.8: healthy\n', 'no such flow'],
    ['findings: none\n', 'fwd-ip-forward-off-dnat'],
    ['findings: [neigh-failed]\n', 'fwd-ip-forward-off-dnat'],
    ['never: [fwd-ip-forward-off-dnat]\n', 'fwd-ip-forward-off-dnat'],
  ])('%j', async (text, found) => {
    await inFolder(rows(text), async (folder) => {
      const { status, stdout } = await folder.test([], { columns: 200 });
      expect(stdout).toContain(`    found     ${found}\n`);
      expect(status).toBe(1);
    });
  });
});

describe('coverage', () => {
  it('says which rules no case matched, and fails below the threshold', async () => {
    await inFolder(router([GOOD]), async (folder) => {
      const { status, stdout } = await folder.test(['--coverage', 'text', '--coverage-threshold', '50'], {
        columns: 200,
      });
      expect(stdout).toContain('DIR/router.rules: 3 of 8 rules, 37.5 %');
      expect(stdout).toContain('    12:  -A INPUT -p tcp -m tcp --dport 22');
      expect(stdout).not.toContain('14:  -A FORWARD');
      expect(stdout).toContain('3 of 8 rules matched: 37.5 %, which is less than the 50 % that are wanted');
      expect(status).toBe(1);
      expect((await folder.test(['--coverage-threshold', '37.5'])).status).toBe(0);
      expect((await folder.test(['--coverage-threshold', '101'])).status).toBe(2);
    });
  });

  it('adds up over cases that share a file', async () => {
    const inputs = 'inputs: [router.rules]\n';
    const files = {
      'router.rules': RULES,
      'out.expect.yaml': `${inputs}${STATE}packets:\n  - ${GOOD}\n`,
      'in.expect.yaml': `${inputs}${STATE}packets:\n  - from wan0 to host:22/tcp: delivered\n`,
    };
    await inFolder(files, async (folder) => {
      const file = join(folder.path, 'c.json');
      await folder.test(['--coverage', 'json', '--coverage-output', file]);
      const report = JSON.parse(readFileSync(file, 'utf8'));
      expectValid('coverage', report);
      expect(report.files).toHaveLength(1);
      expect(report).toMatchObject({ rules: 8, hit: 4, percent: 50 });
      expect(report.files[0].lines.find(({ line }: { line: number }) => line === 12)).toMatchObject({
        rule: 'filter INPUT 2',
        hits: 1,
      });
    });
  });

  it('lcov, and a page with a strict policy in which a rule is text', async () => {
    const rules = RULES.replace('"ssh"', '"<script>alert(1)</script>"');
    await inFolder(router([GOOD], { 'router.rules': rules }), async (folder) => {
      const lcov = join(folder.path, 'c.info');
      await folder.test(['--coverage', 'lcov', '--coverage-output', lcov]);
      const text = readFileSync(lcov, 'utf8');
      expect(text).toMatch(/^TN:nettrace\nSF:.*router\.rules\nDA:4,0\n/);
      expect(text).toContain('DA:14,1\n');
      expect(text).toMatch(/LF:8\nLH:3\nend_of_record\n$/);
      const page = join(folder.path, 'c.html');
      const { stderr } = await folder.test(['--coverage', 'html', '--coverage-output', page]);
      expect(stderr).toBe('nettrace: DIR/c.html: 3 of 8 rules matched, 37.5 %\n');
      const html = readFileSync(page, 'utf8');
      expect(html).toContain("default-src 'none'");
      expect(html).not.toContain('<script>alert');
      expect(html).not.toMatch(/ style="| on\w+="|https?:/);
      expect(html).toContain('37.5 % of the rules were matched');
    });
  });

  it('nft rules are rules too', async () => {
    const nft = `table inet fw {
	chain forward {
		type filter hook forward priority filter; policy drop;
		ct state established,related accept
		iifname "lan0" tcp dport 443 accept
		iifname "lan0" reject
	}
}
`;
    const rows = [
      `${GOOD} by inet fw forward 2`,
      'from wan0 to 10.0.0.5:80/tcp: dropped by inet fw forward policy',
    ];
    await inFolder(
      { 'a.nft': nft, 'a.expect.yaml': `${STATE}packets:\n${rows.map((row) => `  - ${row}\n`).join('')}` },
      async (folder) => {
        const { status, stdout } = await folder.test(['--coverage', 'text'], { columns: 200 });
        expect(status, stdout).toBe(0);
        expect(stdout).toContain('DIR/a.nft: 2 of 3 rules, 66.6 %');
        expect(stdout).toContain('6:  inet fw forward 3: iifname "lan0" reject');
      },
    );
  });
});

describe('--watch', () => {
  it('runs what a saved file concerns, until it is ended', async () => {
    await inFolder(
      router([GOOD], { 'other.expect.yaml': `${STATE}packets:\n  - ${GOOD}\n` }),
      async (folder) => {
        const child = spawn(process.execPath, ['bin/nettrace.js', 'test', folder.path, '--watch'], {
          stdio: ['ignore', 'pipe', 'inherit'],
          env: { ...process.env, LANG: 'C.UTF-8' },
        });
        let text = '';
        const until = (pattern: RegExp) =>
          new Promise<void>((resolve) => {
            const look = () => {
              if (!pattern.test(text)) return;
              child.stdout.off('data', look);
              resolve();
            };
            child.stdout.on('data', look);
            look();
          });
        child.stdout.setEncoding('utf8').on('data', (piece: string) => {
          text += piece;
        });
        const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
        await until(/2 cases: 2 passed[\s\S]*Waiting/);
        text = '';
        folder.write('router.rules', RULES.replace('--dports 80,443', '--dports 80'));
        await until(/router\.rules changed[\s\S]*1 case: 1 failed/);
        text = '';
        folder.write('third.expect.yaml', `${STATE}packets:\n  - ${GOOD}\n`);
        await until(/third\.expect\.yaml changed[\s\S]*1 case: 1 passed/);
        child.kill('SIGINT');
        expect(await ended).toBe(1);
      },
    );
  });

  it('is for a terminal', async () => {
    await inFolder(router([GOOD]), async (folder) => {
      expect((await folder.test(['--watch', '--format', 'tap'])).status).toBe(2);
    });
  });
});

it('the schema of cases ships, and takes the examples', () => {
  expect(existsSync('schemas/expect.schema.json')).toBe(true);
  expectValid('expect', { packets: ['from red to 8.8.8.8: dropped'], findings: 'none' });
});
