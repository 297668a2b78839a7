import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { analyzeFiles } from '../support/expectation.ts';

/** Recorded incidents, some with their rules put into nft's words: what somebody who reads of them wants to know. */
const INCIDENTS = [
  {
    bundle: 'docker-forward-drop-other-bridge',
    near: ['filter FORWARD 5 | -i docker0 | the packet comes in by vmbr1'],
  },
  {
    bundle: 'answers-stopped-at-the-asker',
    near: ['filter INPUT 2 | -p tcp | the packet is udp'],
  },
  // What comes in by lo, and other services of the same host, nobody meant.
  { bundle: 'input-drops-management', near: [] },
  {
    bundle: 'answers-stopped-at-the-asker',
    namespace: 'workstation',
    rules: `table inet filter {
	chain input {
		type filter hook input priority filter; policy drop;
		iifname "lo" accept
		ct state established meta l4proto tcp counter accept
		tcp dport 22 accept
		udp dport { 53, 123 } accept
	}
}
`,
    near: ['inet filter input 2 | meta l4proto tcp | the packet is udp'],
  },
  {
    bundle: 'input-blocks-container',
    namespace: 'host',
    rules: `table inet fw {
	set offices {
		type ipv4_addr
		flags interval
		elements = { 10.9.0.0/16, 192.0.2.0/24 }
	}
	chain services {
		ip saddr @offices tcp dport { 22, 5432 } accept
		tcp dport { 80, 443 } accept
		udp dport 5432 accept
	}
	chain input {
		type filter hook input priority filter; policy drop;
		iif "lo" accept
		ct state vmap { invalid : drop, established : accept, related : accept }
		iifname "eth0" tcp dport vmap { 22 : accept, 5432 : accept }
		jump services
		iifname "jobs0" tcp dport . ip saddr { 5433 . 10.240.0.31 } accept
	}
}
`,
    near: [
      'inet fw input 3 | iifname "eth0" | the packet comes in by jobs0',
      'inet fw services 1 | ip saddr @offices | the packet comes from 10.240.0.31',
      'inet fw services 3 | udp dport 5432 | the packet is tcp',
    ],
  },
];

const scratch = mkdtempSync(join(tmpdir(), 'nettrace-near-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

describe('near misses of an incident', () => {
  it.each(INCIDENTS)('$bundle $namespace', async ({ bundle, namespace, rules, near }) => {
    const folder = mkdtempSync(join(scratch, 'bundle-'));
    cpSync(join('captures', bundle, 'bundle'), folder, { recursive: true });
    if (rules !== undefined) {
      rmSync(join(folder, `namespaces/${namespace}/iptables-save.txt`));
      writeFileSync(join(folder, `namespaces/${namespace}/nft-ruleset.txt`), rules);
    }
    const { flows } = await analyzeFiles(folder);
    const told = flows.flatMap(({ nearRules = [] }) =>
      nearRules.map(({ family, table, chain, number, condition, instead }) =>
        [
          [family, table, chain, number].filter((word) => word !== undefined).join(' '),
          condition,
          instead,
        ].join(' | '),
      ),
    );
    expect(told).toEqual(near);
  });
});
