import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isUnparsed } from '../../src/xtables/extension.ts';
import { parseList, parseListRules, parseSave } from '../../src/xtables/parse.ts';
import { printRule, printSpec } from '../../src/xtables/print.ts';
import type { Rule, TableName } from '../../src/xtables/rule.ts';

/** What this machine's iptables printed of the same rules, recorded by listing/record.py. */
interface Run {
  readonly family: 4 | 6;
  readonly backend: 'nft' | 'legacy';
  readonly tables: readonly {
    readonly table: TableName;
    readonly saved: readonly string[];
    readonly nvx: readonly string[];
    readonly n: readonly string[];
    readonly names: readonly string[];
  }[];
}

/** Where a listing and iptables-save part and neither is wrong, or iptables itself leaves something out. */
const PARTED: readonly (readonly [saved: RegExp, why: string])[] = [
  [/--sport 0:65535/, 'all ports are no condition'],
  [/-j NOTRACK/, 'NOTRACK and CT --notrack are the same'],
  [/-m eui64/, 'iptables-nft lists nothing of it'],
  [/-m owner/, 'without -n users and groups go by name'],
];

function withoutPlace({ text: _text, span: _span, counters: _counters, ...rule }: Rule): unknown {
  return rule;
}

function isLossy(rule: Rule): boolean {
  return (
    rule.matches.some(({ info }) => isUnparsed(info) && !info.why.startsWith('iptables -L without -v')) ||
    (rule.target?.kind === 'extension' && isUnparsed(rule.target.info))
  );
}

describe.each([
  [4, 'legacy'],
  [4, 'nft'],
  [6, 'legacy'],
  [6, 'nft'],
] as const)('iptables -L of IPv%i, %s backend', (family, backend) => {
  const run = JSON.parse(readFileSync(`test/xtables/listing/run-${family}-${backend}.json`, 'utf8')) as Run;

  it.each(['nvx', 'n', 'names'] as const)(
    'form %s gives the rules of iptables-save, or says what it loses',
    (form) => {
      let lossy = 0;
      let all = 0;
      for (const { table, saved, ...forms } of run.tables) {
        const save = [`*${table}`, ':foo - [0:0]', ':elsewhere - [0:0]', ...saved, 'COMMIT'].join('\n');
        const text = [...forms[form], '', 'Chain elsewhere (1 references)'].join('\n');
        const wanted =
          parseSave(save, 'save', { family, backend }).ruleset.tables.get(table)?.chains.get('foo')?.rules ??
          [];
        const { ruleset, issues } = parseList(text, 'list', { family, backend, table });
        const given = ruleset.tables.get(table)?.chains.get('foo')?.rules ?? [];
        expect(given.length).toBe(wanted.length);
        for (const [i, rule] of given.entries()) {
          const want = wanted[i] as Rule;
          all++;
          if (isLossy(rule)) {
            lossy++;
            expect(
              issues.some(({ line }) => line === rule.span.line),
              rule.text,
            ).toBe(true);
            continue;
          }
          // iptables-legacy-save leaves out `! -i +`, which its -L prints.
          if (
            PARTED.some(([pattern]) => pattern.test(saved[i] ?? '')) ||
            /! -[io] \+/.test(printSpec(rule, family))
          )
            continue;
          const { in: _in, out: _out, ...blind } = want;
          const known = { ...rule, matches: rule.matches.filter(({ name }) => name !== '') };
          expect(withoutPlace(known), forms[form][i + 2]).toEqual(withoutPlace(form === 'n' ? blind : want));
          if (form === 'n') expect(rule.matches.length, rule.text).toBe(known.matches.length + 1);
        }
      }
      expect(all).toBeGreaterThan(100);
      // hashlimit, quota, osf and rateest print less than they hold; a comment may end like itself.
      expect(lossy).toBeLessThanOrEqual(family === 4 ? 45 : 3);
    },
  );

  it('-S is what iptables-save prints', () => {
    for (const { table, saved } of run.tables) {
      const save = [`*${table}`, ':foo - [0:0]', ...saved, 'COMMIT'].join('\n');
      const list = parseListRules(['-N foo', ...saved].join('\n'), 'rules', { family, backend, table });
      const rules = (parsed: typeof list): unknown[] =>
        (parsed.ruleset.tables.get(table)?.chains.get('foo')?.rules ?? []).map(withoutPlace);
      expect(rules(list)).toEqual(rules(parseSave(save, 'save', { family, backend })));
    }
  });
});

const VERBOSE = ' pkts bytes target     prot opt in     out     source               destination         ';
const PLAIN = 'target     prot opt source               destination         ';

/** A line under its header, and the rule that it is; `?` before what is unknown. */
const LINES: readonly (readonly [name: string, header: string, line: string, rule: string])[] = [
  [
    'docker, 1.8.7',
    VERBOSE,
    '  212K   31M DOCKER-USER  all  --  *      *       0.0.0.0/0            0.0.0.0/0',
    '-j DOCKER-USER',
  ],
  [
    'collapsed blanks',
    VERBOSE,
    '0 0 ACCEPT all -- docker0 !docker0 0.0.0.0/0 0.0.0.0/0',
    '-i docker0 ! -o docker0 -j ACCEPT',
  ],
  [
    'collapsed blanks without a target',
    VERBOSE,
    '0 0 tcp -- * * 0.0.0.0/0 0.0.0.0/0 tcp dpt:22',
    '-p tcp -m tcp --dport 22',
  ],
  [
    'protocol by number',
    VERBOSE,
    '0 0 ACCEPT 6 -- * * 0.0.0.0/0 172.17.0.2 tcp dpt:80',
    '-d 172.17.0.2/32 -p tcp -m tcp --dport 80 -j ACCEPT',
  ],
  ['numbered', `num  ${VERBOSE}`, '1 0 0 DROP all -- * * 0.0.0.0/0 0.0.0.0/0', '-j DROP'],
  [
    'DNAT',
    VERBOSE,
    '3 180 DNAT tcp -- !docker0 * 0.0.0.0/0 0.0.0.0/0 tcp dpt:8080 to:172.17.0.2:80',
    '! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80',
  ],
  [
    'a log line of old',
    VERBOSE,
    "0 0 LOG all -- * * 0.0.0.0/0 0.0.0.0/0 limit: avg 3/min burst 10 LOG flags 0 level 4 prefix `[UFW BLOCK] '",
    '-m limit --limit 3/min --limit-burst 10 -j LOG --log-prefix "[UFW BLOCK] "',
  ],
  [
    'recent without a mask',
    VERBOSE,
    '0 0 tcp -- * * 0.0.0.0/0 0.0.0.0/0 recent: SET name: SSH side: source',
    '-p tcp -m recent --set --name SSH --mask 255.255.255.255 --rsource',
  ],
  [
    'connlimit of old',
    VERBOSE,
    '0 0 DROP tcp -- * * 0.0.0.0/0 0.0.0.0/0 #conn/32 > 5',
    '-p tcp -m connlimit --connlimit-above 5 --connlimit-mask 32 --connlimit-saddr -j DROP',
  ],
  [
    'icmp with a blank',
    VERBOSE,
    '0 0 ACCEPT icmp -- * * 0.0.0.0/0 0.0.0.0/0 icmp type 8 code 0',
    '-p icmp -m icmp --icmp-type 8/0 -j ACCEPT',
  ],
  ['goto', VERBOSE, '0 0 X all -- * * 0.0.0.0/0 0.0.0.0/0 [goto]', '-g X'],
  [
    'loopback by name',
    VERBOSE,
    '0 0 X all -- any any anywhere !loopback/8 ADDRTYPE match dst-type LOCAL',
    '! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j X',
  ],
  [
    'a host by name',
    VERBOSE,
    '0 0 DROP all -- any any gateway.example anywhere',
    '? -s gateway.example -j DROP',
  ],
  ['without -v', PLAIN, 'ACCEPT all -- anywhere anywhere', '? -j ACCEPT'],
  [
    'without -v, services by name',
    PLAIN,
    'ACCEPT tcp -- anywhere anywhere tcp dpt:ssh',
    '? -p tcp -m tcp --dport 22 -j ACCEPT',
  ],
  [
    'a match nobody knows',
    VERBOSE,
    '0 0 DNAT tcp -- * * 0.0.0.0/0 0.0.0.0/0 tcp dpt:80 NEWMATCH x 5 to:10.0.0.1',
    '? -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.0.0.1',
  ],
  ['cut off', VERBOSE, '0 0 ACCEPT tcp -- *', '? -j ?'],
  ['left out', VERBOSE, '...', '? -j ?'],
];

describe('lines of iptables -L', () => {
  it.each(LINES)('%s', (_, header, line, wanted) => {
    const text = [
      'Chain FORWARD (policy DROP 12 packets, 720 bytes)',
      header,
      line,
      '',
      'Chain X (1 references)',
      header,
      '',
      'Chain DOCKER-USER (1 references)',
      header,
    ].join('\n');
    const { ruleset } = parseList(text, 'x', { table: /DNAT/.test(line) ? 'mangle' : 'filter', family: 4 });
    const [rule] = [...ruleset.tables.values()][0]?.chains.get('FORWARD')?.rules ?? [];
    expect(rule).toBeDefined();
    const unknown = rule?.matches.some(({ info }) => isUnparsed(info)) ? '? ' : '';
    expect(`${unknown}${rule ? printSpec(rule, 4) : ''}`).toBe(wanted);
    expect(rule?.span).toEqual({ path: 'x', line: 3 });
  });

  it('keeps policies and counters, rounded ones too', () => {
    const text = `Chain FORWARD (policy DROP 12K packets, 720 bytes)\n${VERBOSE}\n 212K 31M ACCEPT all -- * * 0.0.0.0/0 0.0.0.0/0\n`;
    const { ruleset, issues } = parseList(text, 'x');
    const chain = ruleset.tables.get('filter')?.chains.get('FORWARD');
    expect(chain).toMatchObject({ policy: 'DROP', counters: { packets: 12_000, bytes: 720 } });
    expect(chain?.rules[0]?.counters).toEqual({ packets: 212_000, bytes: 31_000_000 });
    expect(issues.map(({ code }) => code)).toEqual(['table-assumed', 'list-rounded', 'chains-unlisted']);
  });

  it('of an older ip6tables have no option column', () => {
    const text = `Chain INPUT (policy ACCEPT)\n${VERBOSE}\n    0     0 DROP       tcp      *      *       ::/0                 fe80::1/128          tcp dpt:22\n    0     0            all      lo     *       ::/0                 ::/0\n`;
    const { ruleset } = parseList(text, 'x');
    expect(ruleset.family).toBe(6);
    const rules = ruleset.tables.get('filter')?.chains.get('INPUT')?.rules ?? [];
    expect(rules.map((rule) => printRule(rule, 6, 'INPUT'))).toEqual([
      '-A INPUT -d fe80::1/128 -p tcp -m tcp --dport 22 -j DROP',
      '-A INPUT -i lo',
    ]);
  });
});

const head = (...chains: readonly string[]): string =>
  chains.map((name) => `Chain ${name} (policy ACCEPT)\n${PLAIN}\n`).join('\n');

/** The chains of a listing, and the table it is taken for; `?` when it is assumed. */
const TABLES_TOLD: readonly (readonly [text: string, tables: string])[] = [
  [head('INPUT', 'FORWARD', 'OUTPUT'), 'filter'],
  [head('PREROUTING', 'INPUT', 'OUTPUT', 'POSTROUTING'), 'nat'],
  [head('PREROUTING', 'OUTPUT', 'POSTROUTING'), 'nat'],
  [head('PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'), 'mangle'],
  [head('PREROUTING', 'OUTPUT'), 'raw'],
  [head('FORWARD'), 'filter?'],
  [`${head('POSTROUTING')}MASQUERADE  all  --  10.0.0.0/8  anywhere\n`, 'nat'],
  [`Table: nat\n${head('PREROUTING')}`, 'nat'],
  [
    `${head('INPUT', 'FORWARD', 'OUTPUT')}\nChain DOCKER (1 references)\n${PLAIN}\n\n${head('PREROUTING', 'INPUT', 'OUTPUT', 'POSTROUTING')}`,
    'filter,nat',
  ],
];

describe('which table a listing shows', () => {
  it.each(TABLES_TOLD)('%#', (text, wanted) => {
    const { ruleset, issues } = parseList(text, 'x');
    const assumed = issues.some(({ code }) => code === 'table-assumed') ? '?' : '';
    expect(`${[...ruleset.tables.keys()].join()}${assumed}`).toBe(wanted);
  });

  it('by the policies of iptables -S, one table after the other', () => {
    const text =
      '-P INPUT ACCEPT\n-P FORWARD DROP -c 5 300\n-P OUTPUT ACCEPT\n-N DOCKER\n-A FORWARD -c 1 2 -j DOCKER\n-P PREROUTING ACCEPT\n-P INPUT ACCEPT\n-P OUTPUT ACCEPT\n-P POSTROUTING ACCEPT\n-A POSTROUTING -j MASQUERADE\n';
    const { ruleset, issues } = parseListRules(text, 'x');
    expect([...ruleset.tables.keys()]).toEqual(['filter', 'nat']);
    const forward = ruleset.tables.get('filter')?.chains.get('FORWARD');
    expect(forward).toMatchObject({ policy: 'DROP', counters: { packets: 5, bytes: 300 } });
    expect(forward?.rules[0]?.counters).toEqual({ packets: 1, bytes: 2 });
    expect(issues).toEqual([]);
  });
});

it('reads any text', () => {
  const word = fc.constantFrom(
    'Chain INPUT (policy DROP)',
    'Chain',
    PLAIN,
    VERBOSE,
    'ACCEPT',
    'tcp',
    '--',
    '*',
    '0.0.0.0/0',
    'anywhere',
    'to:',
    '/*',
    '*/',
    'dpt:80',
    '!',
    '"',
    '\n',
    '-P INPUT DROP',
    '-A',
    '-S',
  );
  fc.assert(
    fc.property(fc.array(fc.oneof(word, fc.string())), (words) => {
      const text = words.join(' ');
      for (const parse of [parseList, parseListRules]) {
        for (const table of parse(text, 'x').ruleset.tables.values()) {
          for (const chain of table.chains.values()) for (const rule of chain.rules) printSpec(rule, 4);
        }
      }
    }),
    { numRuns: 500 },
  );
});
