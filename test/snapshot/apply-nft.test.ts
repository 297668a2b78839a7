/** nft commands in what-ifs: what the kernel's nft makes of the same, where there is root. */
import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { printNft } from '../../src/nft/print/ruleset.ts';
import { applyCommand } from '../../src/snapshot/apply.ts';
import type { Snapshot } from '../../src/snapshot/snapshot.ts';
import { snapshotOf } from './dumps.ts';

const RULESET = `table inet fw {
	counter seen {
		packets 0 bytes 0
	}

	set blocked {
		type ipv4_addr
		flags interval
		elements = { 10.9.0.0/16, 192.0.2.7 }
	}

	map ports {
		type inet_service : verdict
		elements = { 22 : accept, 80 : jump web }
	}

	set empty {
		type ipv4_addr
	}

	chain in {
		type filter hook input priority filter; policy accept;
		ip saddr @blocked drop
		tcp dport vmap @ports
		counter packets 0 bytes 0
	}

	chain web {
		accept
	}

	chain spare {
	}
}
table ip nat4 {
}
`;

/** Handles as the kernel gave them to RULESET, loaded into an empty namespace. */
const LISTED = RULESET.replace('ip saddr @blocked drop', 'ip saddr @blocked drop # handle 8')
  .replace('tcp dport vmap @ports', 'tcp dport vmap @ports # handle 9')
  .replace(
    'counter packets 0 bytes 0\n\t}\n\n\tchain web',
    'counter packets 0 bytes 0 # handle 10\n\t}\n\n\tchain web',
  )
  .replace('\t\taccept\n', '\t\taccept # handle 8\n');

const { snapshot } = snapshotOf({ 'host/nft-ruleset.txt': LISTED, 'host/iptables-save.txt': '' });
const after = (state: Snapshot): string =>
  printNft(state.namespaces.get('host')?.nft ?? { tables: [], path: '' }, true);

const TAKEN: readonly string[] = [
  'nft add rule inet fw in udp dport 53 accept',
  'nft rule inet fw web tcp dport { 80, 443 } counter accept',
  'nft insert rule inet fw in iifname "eth0" accept',
  'nft insert rule inet fw in position 9 ip daddr 10.0.0.1 log prefix \'"x: "\' drop',
  'nft add rule inet fw in position 8 ct state established,related accept',
  'nft add rule inet fw in handle 8 accept',
  'nft insert rule inet fw in index 1 meta mark set 5',
  'nft add rule inet fw in index 1 meta mark set 5',
  'nft replace rule inet fw in handle 9 tcp dport 22 accept',
  'nft delete rule inet fw in handle 8',
  'nft add chain inet fw out',
  "nft add chain inet fw out '{ type filter hook output priority -5; policy drop; }'",
  "nft add chain inet fw in '{ policy drop; }'",
  'nft flush chain inet fw in',
  'nft delete chain inet fw spare',
  'nft rename chain inet fw web www',
  'nft flush table inet fw',
  'nft delete table inet fw',
  'nft add table ip6 six',
  'nft add table inet fw',
  'nft flush ruleset',
  'nft flush ruleset inet',
  "nft add set inet fw more '{ type ipv4_addr . inet_service; size 4; }'",
  'nft delete set inet fw empty',
  'nft flush set inet fw blocked',
  "nft add element inet fw blocked '{ 203.0.113.0/24, 198.51.100.1-198.51.100.9 }'",
  "nft add element inet fw blocked '{ 192.0.2.7 }'",
  "nft delete element inet fw blocked '{ 192.0.2.7 }'",
  "nft add element inet fw ports '{ 443 : drop }'",
  'nft add counter inet fw other',
  'nft delete counter inet fw seen',
  'nft add chain ip nat4 post \'{ type nat hook postrouting priority srcnat; }\' && nft add rule ip nat4 post oifname "eth0" masquerade',
  "nft 'add table ip t; add chain ip t c; add rule ip t c accept'",
];

const REFUSED: readonly [command: string, why: string][] = [
  ['nft add rule inet fw nope accept', 'has no chain nope'],
  ['nft add rule inet nope in accept', 'there is no table inet nope'],
  ['nft add rule inet fw in tcp dport 22 frobnicate', 'frobnicate'],
  ['nft add rule inet fw in jump nope', 'has no chain nope'],
  ['nft add rule inet fw in ip saddr @nope drop', 'has no set nope'],
  ['nft delete rule inet fw in handle 99', 'no rule with handle 99'],
  ['nft delete chain inet fw web', 'not empty'],
  ['nft delete set inet fw blocked', 'in use'],
  ['nft create table inet fw', 'already'],
  ['nft create chain inet fw web', 'already'],
  ['nft delete table ip never', 'there is no table'],
  ["nft delete element inet fw blocked '{ 10.0.0.1 }'", 'no element'],
  ["nft add element inet fw empty '{ 10.0.0.0/8 }'", 'interval'],
  ["nft add element inet fw ports '{ 8080 }'", 'maps to nothing'],
  ['nft delete map inet fw ports', 'in use'],
  ['nft add rule inet fw in accept extra', 'extra'],
];
/** Refused by us only: it would change nothing, or isn't modelled. */
const NOT_APPLIED: readonly [command: string, why: string][] = [
  ['nft list ruleset', 'it changes nothing'],
  ['nft -f rules.nft', 'no files'],
  ['nft add flowtable inet fw f', 'not modelled'],
];

/** nft 1.0.6 has no such word. */
const NEWER = ['nft destroy table ip never', "nft destroy element inet fw blocked '{ 10.0.0.1 }'"];

describe('nft commands', () => {
  it.each([...TAKEN, ...NEWER])('%s is applied', (command) => {
    expect(applyCommand(snapshot, 'host', command).issue).toBeUndefined();
    expect(after(snapshot)).toBe(RULESET);
  });

  it.each([...REFUSED, ...NOT_APPLIED])('%s is refused: %s', (command, why) => {
    const { issue, snapshot: same } = applyCommand(snapshot, 'host', command);
    expect(issue?.text).toContain(why);
    expect(same).toBe(snapshot);
  });

  it('needs the dump of what it changes', () => {
    const { snapshot: without } = snapshotOf({ 'host/ip-addr.txt': '' });
    expect(applyCommand(without, 'host', 'nft add rule inet fw in accept').issue?.text).toContain('no dump');
    expect(applyCommand(without, 'host', 'nft add table inet fw').issue).toBeUndefined();
  });
});

describe('tables of iptables-nft', () => {
  const save =
    '*filter\n:INPUT DROP [0:0]\n:FORWARD ACCEPT [0:0]\n-A INPUT -i lo -j ACCEPT\n-A FORWARD -j DROP\nCOMMIT\n';
  const { snapshot: host } = snapshotOf({ 'host/iptables-save.txt': save, 'host/nft-ruleset.txt': '' });
  const filter = (command: string) => {
    const { snapshot: next, issue } = applyCommand(host, 'host', command);
    return [
      issue?.text.replace(/^.*?host: /, ''),
      next.namespaces.get('host')?.rulesets4?.[0]?.tables.get('filter'),
    ] as const;
  };

  it('are emptied with the ruleset', () => {
    expect(filter('nft flush ruleset')).toEqual([undefined, undefined]);
  });

  it('lose the rules of a flushed chain or table, and keep their policies', () => {
    const [, chain] = filter('nft flush chain ip filter FORWARD');
    expect(chain?.chains.get('FORWARD')?.rules).toEqual([]);
    expect(chain?.chains.get('INPUT')?.rules).toHaveLength(1);
    const [, table] = filter('nft flush table ip filter');
    expect([...(table?.chains.values() ?? [])].map(({ rules, policy }) => [rules.length, policy])).toEqual([
      [0, 'DROP'],
      [0, 'ACCEPT'],
    ]);
  });

  it('take rules by iptables only', () => {
    expect(filter('nft insert rule ip filter FORWARD accept')[0]).toBe(
      "table ip filter is iptables-nft's: say it with iptables",
    );
  });
});

/** The kernel lists elements in an order of its own. */
function sorted(text: string): string {
  return text.replace(
    /elements = \{([^}]*)\}/g,
    (_, list: string) =>
      `elements = {${list
        .split(',')
        .map((each) => each.trim())
        .toSorted()
        .join(', ')}}`,
  );
}

function isPossible(): boolean {
  if (process.getuid?.() !== 0) return false;
  try {
    execFileSync('sh', ['-c', 'ip netns list && command -v nft']);
    return true;
  } catch {
    return false;
  }
}

describe.skipIf(!isPossible())('on this kernel (needs root and nft)', () => {
  const netns = `ntn${process.pid}`;
  const inside = (script: string): string =>
    execFileSync('ip', ['netns', 'exec', netns, 'sh', '-ec', script], {
      encoding: 'utf8',
      input: RULESET,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
  beforeAll(() => {
    execFileSync('ip', ['netns', 'add', netns]);
  });
  afterAll(() => {
    execFileSync('ip', ['netns', 'del', netns]);
  });
  const load = 'nft flush ruleset; nft -f -';

  it.each(TAKEN)('%s', (command) => {
    const fresh = `${netns}b`;
    execFileSync('ip', ['netns', 'add', fresh]);
    try {
      const kernel = execFileSync(
        'ip',
        ['netns', 'exec', fresh, 'sh', '-ec', `nft -f -; ${command}; nft list ruleset`],
        {
          encoding: 'utf8',
          input: RULESET,
        },
      );
      expect(sorted(after(applyCommand(snapshot, 'host', command).snapshot))).toBe(sorted(kernel));
    } finally {
      execFileSync('ip', ['netns', 'del', fresh]);
    }
  });

  it.each(REFUSED)('%s is refused', (command) => {
    expect(() => inside(`${load}; ${command}`)).toThrow();
  });
});
