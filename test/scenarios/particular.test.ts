import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { analyzeFiles } from '../support/expectation.ts';

const scratch = mkdtempSync(join(tmpdir(), 'nettrace-particular-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** Where a recording's truth allows the more general cause as well, the whole of its dumps has to show the particular one. */
it('a bridge without an IPv4 address is named where its dumps are there', async () => {
  const { findings } = await analyzeFiles('captures/bridge-lost-its-ipv4-address/bundle');
  expect(findings[0]).toMatchObject({ cause: 'bridge-no-ip', namespace: 'host', interface: 'br-lan' });
  expect(findings.map(({ cause }) => cause)).not.toContain('route-wrong-gateway');
});

const FORWARDED = '-A PREROUTING -d 198.51.100.80/32 -p tcp -m tcp --dport 2525';
const RULESET = `table ip ports {
  chain arriving {
    type nat hook prerouting priority dstnat; policy accept;
    ip daddr 198.51.100.80 tcp dport 2525 counter packets 1 bytes 60 dnat to 10.9.0.25:25
  }
}
`;

it.each([
  [
    'for this port: it gets the right one',
    FORWARDED,
    undefined,
    /^iptables -t nat -R PREROUTING 1 .* --dport 2525 -j DNAT --to-destination 10\.9\.0\.25:\d+$/,
  ],
  [
    'for every port: one for this port is put in front, with the protocol that a port needs',
    '-A PREROUTING -d 198.51.100.80/32',
    undefined,
    /^iptables -t nat -I PREROUTING 1 -d 198\.51\.100\.80\/32 -p tcp --dport 2525 -j DNAT --to-destination 10\.9\.0\.25:\d+$/,
  ],
  [
    'of nftables: its own words, without the counts',
    undefined,
    RULESET,
    /^nft insert rule ip ports arriving ip daddr 198\.51\.100\.80 tcp dport 2525 counter dnat to 10\.9\.0\.25:\d+$/,
  ],
])('a DNAT rule to the wrong port, %s', async (_, rule, nft, command) => {
  const copy = join(scratch, 'bundle');
  rmSync(copy, { recursive: true, force: true });
  cpSync('captures/forwarded-to-wrong-port/bundle', copy, { recursive: true });
  const host = join(copy, 'namespaces', 'host');
  const save = join(host, 'iptables-save.txt');
  const lines = readFileSync(save, 'utf8').split('\n');
  const other = lines.flatMap((line) =>
    line.includes(FORWARDED) ? (rule === undefined ? [] : [line.replace(FORWARDED, rule)]) : [line],
  );
  // Of a rule for every port, the target keeps the port.
  writeFileSync(
    save,
    other.join('\n').replace(rule === FORWARDED || rule === undefined ? /(?!)/ : ':25\n', '\n'),
  );
  if (nft !== undefined) writeFileSync(join(host, 'nft-ruleset.txt'), nft);
  const { findings } = await analyzeFiles(copy);
  const wrong = findings.find(({ cause }) => cause === 'nat-dnat-wrong-target');
  expect(wrong?.fix?.commands.join('\n')).toMatch(command);
});
