import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { analyzeFiles } from '../support/expectation.ts';

/** Recorded incidents with iptables' rules put into nft's words: the same cause, and commands of nft that repair it. */
const ROWS = [
  {
    bundle: 'marked-after-routing',
    cause: 'route-mark-too-late',
    rules: `table inet gw {
	chain fwd {
		type filter hook forward priority filter; policy accept;
		iifname "office0" tcp dport 873 counter packets 4 bytes 240 meta mark set 0x00000002
	}
	chain post {
		type nat hook postrouting priority srcnat; policy accept;
		oifname { "eth0", "lte0" } masquerade
	}
}
`,
    fix: [
      "nft add chain inet gw mark_in '{ type filter hook prerouting priority mangle; }'",
      'nft add rule inet gw mark_in iifname office0 tcp dport 873 counter meta mark set 0x00000002',
    ],
  },
  {
    bundle: 'answers-by-the-other-line',
    cause: 'route-connmark-not-restored',
    rules: `table ip gw {
	chain pre {
		type filter hook prerouting priority mangle; policy accept;
		iifname "dsl2" ct state new ct mark set 0x00000020
	}
	chain dn {
		type nat hook prerouting priority dstnat; policy accept;
		tcp dport 8443 dnat to 10.19.40.8:8443
	}
	chain post {
		type nat hook postrouting priority srcnat; policy accept;
		oifname != "ward0" masquerade
	}
}
`,
    fix: [
      "nft add chain ip gw restore_in '{ type filter hook prerouting priority -151; }'",
      'nft add rule ip gw restore_in iifname ward0 meta mark set ct mark',
    ],
  },
];

const scratch = mkdtempSync(join(tmpdir(), 'nettrace-marks-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

describe('marks that nftables sets', () => {
  it.each(ROWS)('$cause', async ({ bundle, cause, rules, fix }) => {
    const copy = join(scratch, bundle);
    cpSync(join('captures', bundle, 'bundle'), copy, { recursive: true });
    rmSync(join(copy, 'namespaces/host/iptables-save.txt'));
    writeFileSync(join(copy, 'namespaces/host/nft-ruleset.txt'), rules);
    const { findings } = await analyzeFiles(copy);
    const [first] = findings;
    expect(first?.cause).toBe(cause);
    expect(first?.fix?.commands).toEqual(fix);
    expect(first?.fix?.verified).toBe(true);
  });
});
