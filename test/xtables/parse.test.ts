import { describe, expect, it } from 'vitest';
import { asLoaded } from '../../src/xtables/canonical.ts';
import { parseRule, parseSave } from '../../src/xtables/parse.ts';
import { printRule, printRuleset } from '../../src/xtables/print.ts';
import { quote, splitSaved, splitShell } from '../../src/xtables/tokens.ts';

/** A filter table with these lines, as FORWARD's rules print; issues as `line severity code`. */
function filter(...lines: string[]) {
  const text = ['*filter', ':FORWARD ACCEPT [0:0]', ':mine - [0:0]', ...lines, 'COMMIT', ''].join('\n');
  const { ruleset, issues } = parseSave(text, 'rules.v4', { family: 4 });
  const chain = ruleset.tables.get('filter')?.chains.get('FORWARD');
  return {
    rules: (chain?.rules ?? []).map((rule) => printRule(rule, 4, 'FORWARD').replace('-A FORWARD', '').trim()),
    issues: issues.map((issue) => `${issue.line} ${issue.severity} ${issue.code}`),
    texts: issues.map((issue) => issue.text),
    chain,
    table: ruleset.tables.get('filter'),
  };
}

describe('words of a saved line', () => {
  it.each([
    ['-A x -j y', ['-A', 'x', '-j', 'y']],
    ['  a\t\tb  ', ['a', 'b']],
    ['a "b c" d', ['a', 'b c', 'd']],
    ['a "b \\"c\\" \\\\ d" e', ['a', 'b "c" \\ d', 'e']],
    ['a "" b', ['a', '', 'b']],
    ["a 'b c'", ['a', "'b", "c'"]],
    ['a b\\c', ['a', 'b\\c']],
    ['a "unclosed b', ['a', 'unclosed b']],
    ['a"b c"d', ['ab c', 'd']],
    ['a\r', ['a']],
  ])('%s', (line, words) => {
    expect(splitSaved(line).map((token) => token.text)).toEqual(words);
  });

  it.each([
    ['a \'b c\' "d e" f\\ g', ['a', 'b c', 'd e', 'f g']],
    ["'it''s'", ['its']],
    ['"a\\"b\\n"', ['a"b\\n']],
    ["''", ['']],
  ])('of a shell: %s', (line, words) => {
    expect(splitShell(line).map((token) => token.text)).toEqual(words);
  });

  it.each([
    ['plain_word-1', 'plain_word-1'],
    ['two words', '"two words"'],
    ['', '""'],
    ['a"b\\c\'d', '"a\\"b\\\\c\\\'d"'],
  ])('quote %s', (text, quoted) => {
    expect(quote(text)).toBe(quoted);
    expect(splitSaved(quoted).map((token) => token.text)).toEqual([text]);
  });
});

describe('forms of rules that are found', () => {
  it.each([
    ['counters in front', '[12:345] -A FORWARD -j DROP', ['-j DROP']],
    ['counters inside', '-A FORWARD -j DROP -c 1 2', ['-j DROP']],
    ['no spaces', '-AFORWARD -ptcp -jDROP', ['-p tcp -j DROP']],
    [
      'long options',
      '--append FORWARD --protocol tcp --match tcp --destination-port 22 --jump ACCEPT',
      ['-p tcp -m tcp --dport 22 -j ACCEPT'],
    ],
    ['values behind =', '--append=FORWARD --source=10.0.0.1 --jump=DROP', ['-s 10.0.0.1/32 -j DROP']],
    ['abbreviated options', '-A FORWARD --proto udp --in-i lo --ju DROP', ['-i lo -p udp -j DROP']],
    [
      'target before the matches',
      '-A FORWARD -j DROP -p tcp -m multiport --dports 1,2',
      ['-p tcp -m multiport --dports 1,2 -j DROP'],
    ],
    ['match before the protocol', '-A FORWARD -m tcp -p tcp --dport 1', ['-p tcp -m tcp --dport 1']],
    ['no target', '-A FORWARD -p tcp', ['-p tcp']],
    ['nothing', '-A FORWARD', ['']],
    [
      'comma lists',
      '-A FORWARD -s 10.0.0.1,10.0.0.2 -j DROP',
      ['-s 10.0.0.1/32 -j DROP', '-s 10.0.0.2/32 -j DROP'],
    ],
    ['a quoted !', '-A FORWARD -m comment --comment "!" -j DROP', ['-m comment --comment "!" -j DROP']],
    ['a quoted option', '-A FORWARD -m comment --comment "-j" -j DROP', ['-m comment --comment -j -j DROP']],
    [
      'two comments',
      '-A FORWARD -m comment --comment a -m comment --comment b',
      ['-m comment --comment a -m comment --comment b'],
    ],
    ['non-ASCII text', '-A FORWARD -m comment --comment "вход ☂"', ['-m comment --comment "вход ☂"']],
    ['CRLF', '-A FORWARD -j DROP\r', ['-j DROP']],
    ['leading blanks', '   -A FORWARD   -j   DROP  ', ['-j DROP']],
    ['a family prefix', '-4 -A FORWARD -j DROP', ['-j DROP']],
    ['the other family', '-6 -A FORWARD -j DROP', []],
    ['-I in front', '-A FORWARD -p tcp\n-I FORWARD -p udp', ['-p udp', '-p tcp']],
    [
      '-I at a place',
      '-A FORWARD -p tcp\n-A FORWARD -p udp\n-I FORWARD 2 -p icmp',
      ['-p tcp', '-p icmp', '-p udp'],
    ],
    ['-D by number', '-A FORWARD -p tcp\n-A FORWARD -p udp\n-D FORWARD 1', ['-p udp']],
    ['-D by text', '-A FORWARD -p tcp\n-A FORWARD -p udp\n-D FORWARD -p 17', ['-p tcp']],
    ['-R', '-A FORWARD -p tcp\n-R FORWARD 1 -p udp', ['-p udp']],
    ['-F', '-A FORWARD -p tcp\n-F FORWARD\n-A FORWARD -p udp', ['-p udp']],
    ['-F of all', '-A FORWARD -p tcp\n-F', []],
    ['-C and -Z', '-A FORWARD -p tcp\n-C FORWARD -p tcp\n-Z', ['-p tcp']],
  ])('%s', (_, text, rules) => {
    const got = filter(...text.split('\n'));
    expect(got.rules).toEqual(rules);
    expect(got.issues).toEqual([]);
  });

  it('-N, -P, -X, -E', () => {
    const { table, issues } = filter('-N one', '-N two', '-P FORWARD DROP', '-X one', '-E two three');
    expect([...(table?.chains.keys() ?? [])]).toEqual(['FORWARD', 'mine', 'three']);
    expect(table?.chains.get('FORWARD')?.policy).toBe('DROP');
    expect(issues).toEqual([]);
  });

  it.each([
    ['-s ! 10.0.0.0/8', '! -s 10.0.0.0/8'],
    ['-p ! tcp', '! -p tcp'],
    ['-i ! eth0', '! -i eth0'],
    ['-p tcp --dport ! 80', '-p tcp -m tcp ! --dport 80'],
  ])('the old order of negation: %s', (old, now) => {
    const got = filter(`-A FORWARD ${old}`);
    expect(got.rules).toEqual([now]);
    expect(got.issues).toEqual(['4 warning old-negation']);
  });
});

describe('what can not be understood', () => {
  it.each([
    [
      'an unknown match',
      '-m nosuch --a b ! --c "d e" -j DROP',
      '-m nosuch --a b ! --c "d e" -j DROP',
      'warning unknown-match',
    ],
    [
      'an unknown target',
      '-p tcp -j NOSUCH --a "b c"',
      '-p tcp -j NOSUCH --a "b c"',
      'warning unknown-target',
    ],
    ['a name', '-s example.invalid -j DROP', '-s example.invalid -j DROP', 'error bad-value'],
    ['an option without its match', '--dport 80 -j DROP', '--dport 80 -j DROP', 'error unknown-option'],
    [
      'a bad value',
      '-p tcp -m tcp --dport 99999 -j DROP',
      '-p tcp -m tcp --dport 99999 -j DROP',
      'error bad-option',
    ],
    ['a stray word', 'stray -j DROP', 'stray -j DROP', 'error stray-word'],
    ['a remark behind the rule', '-j mine (why)', '(why) -j mine', 'error stray-word'],
  ])('%s stays in its rule, which is told', (_, spec, printed, issue) => {
    const got = filter(`-A FORWARD -i lo -j ACCEPT`, `-A FORWARD ${spec}`, '-A FORWARD -j DROP');
    expect(got.rules).toEqual(['-i lo -j ACCEPT', printed, '-j DROP']);
    expect(got.issues).toEqual([`5 ${issue}`]);
    expect(got.chain?.rules[1]).toMatchObject({
      text: `-A FORWARD ${spec}`,
      span: { path: 'rules.v4', line: 5 },
    });
  });

  it.each([
    ['what is this', 'unreadable-line'],
    ['-D FORWARD 7', 'bad-position'],
    ['-I FORWARD 7 -j DROP', 'bad-position'],
    ['-D FORWARD -p tcp', 'no-such-rule'],
    ['-P mine DROP', 'bad-policy'],
    [':FORWARD REJECT [0:0]', 'bad-policy'],
    [':other DROP [0:0]', 'bad-policy'],
    ['-j DROP', 'unreadable-line'],
    ['*nosuch', 'unknown-table'],
    ['-E nosuch other', 'no-such-chain'],
  ])('%s is an error with its line', (line, code) => {
    const got = filter(line, '-A FORWARD -j DROP');
    expect(got.issues[0]).toBe(`4 error ${code}`);
    expect(got.texts[0]).toMatch(/expected|there is no|has|positions?|no such/);
  });

  it.each([
    ['-A FORWARD -p udp -m tcp --dport 1', 'needs -p tcp'],
    ['-A FORWARD -j DNAT --to-destination 10.0.0.1', 'only be used in table nat, not in filter'],
    ['-A FORWARD -m owner --uid-owner 1', 'only be used in OUTPUT, POSTROUTING, not in FORWARD'],
    ['-A FORWARD -p udp -j REJECT --reject-with tcp-reset', 'needs -p tcp'],
    ['-A FORWARD -m conntrack', 'one of --ctstate'],
    ['-A FORWARD -m limit ! --limit 1/s', 'cannot be inverted'],
    ['-A FORWARD -p tcp -m tcp --dport 1 --dport 2', 'given twice'],
  ])('what the kernel would refuse is told: %s', (line, text) => {
    const got = filter(line);
    expect(got.texts.join()).toContain(text);
    expect(got.chain?.rules).toHaveLength(1);
  });
});

describe('a whole dump', () => {
  const header = (program: string): string => `# Generated by ${program} on Mon Jan  1 00:00:00 2024\n`;
  const body = '*filter\n:INPUT ACCEPT [5:400]\n[3:120] -A INPUT -i lo -j ACCEPT\nCOMMIT\n# Completed\n';

  it.each([
    ['iptables-save v1.8.9 (nf_tables)', 4, 'nft'],
    ['iptables-save v1.8.9', 4, 'legacy'],
    ['iptables-save v1.4.21', 4, 'legacy'],
    ['ip6tables-save v1.8.9 (nf_tables)', 6, 'nft'],
    ['ip6tables-save v1.8.9', 6, 'legacy'],
    ['xtables-save v1.8.2', 4, 'nft'],
  ])('%s', (program, family, backend) => {
    const { ruleset, issues } = parseSave(header(program) + body, 'dump');
    expect([ruleset.family, ruleset.backend, issues]).toEqual([family, backend, []]);
  });

  it.each([
    ['-A INPUT -s 2001:db8::/32 -j DROP', 6],
    ['-A INPUT -p ipv6-icmp -j ACCEPT', 6],
    ['-A INPUT -s 10.0.0.0/8 -j DROP', 4],
    ['-A INPUT -j DROP', 4],
  ])('without a header the family shows in %s', (line, family) => {
    expect(parseSave(`*filter\n${line}\nCOMMIT\n`, 'dump').ruleset.family).toBe(family);
  });

  it('keeps counters, policies, places and text, and prints them back', () => {
    const { ruleset } = parseSave(header('iptables-save v1.8.9 (nf_tables)') + body, 'dump');
    const chain = ruleset.tables.get('filter')?.chains.get('INPUT');
    expect(chain).toMatchObject({
      policy: 'ACCEPT',
      counters: { packets: 5, bytes: 400 },
      span: { line: 3 },
    });
    expect(chain?.rules[0]).toMatchObject({
      text: '-A INPUT -i lo -j ACCEPT',
      counters: { packets: 3, bytes: 120 },
      span: { path: 'dump', line: 4 },
    });
    expect(printRuleset(ruleset)).toBe('*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -i lo -j ACCEPT\nCOMMIT\n');
    expect(printRuleset(ruleset, { counters: true })).toBe(
      '*filter\n:INPUT ACCEPT [5:400]\n[3:120] -A INPUT -i lo -j ACCEPT\nCOMMIT\n',
    );
  });

  it('a table that is not there is not there; a table opened again starts empty', () => {
    const { ruleset, issues } = parseSave(
      '*nat\n-A POSTROUTING -j MASQUERADE\nCOMMIT\n*nat\nCOMMIT\n',
      'dump',
    );
    expect([...ruleset.tables.keys()]).toEqual(['nat']);
    expect(ruleset.tables.get('nat')?.chains.size).toBe(0);
    expect(issues).toMatchObject([{ severity: 'warning', code: 'table-again', line: 4 }]);
  });

  it('rules without a table are taken for the filter table, and that is told', () => {
    const { ruleset, issues } = parseSave('-P INPUT DROP\n-N mine\n-A INPUT -j mine\n', 'iptables-S');
    const filterTable = ruleset.tables.get('filter');
    expect(filterTable?.chains.get('INPUT')).toMatchObject({
      policy: 'DROP',
      rules: [{ target: { chain: 'mine' } }],
    });
    expect(issues.map((issue) => issue.code)).toEqual(['no-table']);
  });

  it('an empty dump has no tables', () => {
    expect(parseSave('', 'empty')).toMatchObject({ issues: [], ruleset: { family: 4 } });
    expect(parseSave('', 'empty').ruleset.tables.size).toBe(0);
  });

  it('a pasted prompt is passed over', () => {
    const { ruleset, issues } = parseSave(`root@host:~# ip6tables-save -c\n${body}`, 'paste');
    expect([ruleset.family, issues]).toEqual([6, []]);
  });
});

describe('as loaded and saved again by iptables-nft', () => {
  it.each([
    [
      '-p tcp -m tcp --dport 1 -m mark --mark 1 -m tcp --sport 2',
      '-p tcp -m tcp --sport 2 --dport 1 -m mark --mark 0x1',
    ],
    ['-p tcp -m tcp -m tcp --dport 1', '-p tcp -m tcp -m tcp --dport 1'],
    ['-p tcp -m tcp --tcp-option 2 -m tcp --dport 1', '-p tcp -m tcp --tcp-option 2 -m tcp --dport 1'],
    ['-p tcp ! --dport :22', '-p tcp -m tcp --dport 23:65535'],
    ['-p udp ! --sport 22:', '-p udp -m udp ! --sport 22:65535'],
  ])('%s', (spec, saved) => {
    const { ruleset } = parseSave(`*filter\n-A FORWARD ${spec}\nCOMMIT\n`, 'x');
    expect(printRuleset(asLoaded(ruleset))).toContain(`-A FORWARD ${saved}\n`);
  });

  it('tables and chains take their places, built-in chains are all there', () => {
    const text =
      '*nat\n:zeta - [0:0]\n:alpha - [0:0]\nCOMMIT\n*raw\nCOMMIT\n*mangle\n:INPUT DROP [0:0]\nCOMMIT\n';
    const lines = printRuleset(asLoaded(parseSave(text, 'x').ruleset)).split('\n');
    expect(lines.filter((each) => each.startsWith('*'))).toEqual(['*mangle', '*raw', '*nat']);
    expect(lines.slice(0, 3)).toEqual(['*mangle', ':PREROUTING ACCEPT [0:0]', ':INPUT DROP [0:0]']);
    expect(lines.slice(-4)).toEqual([':alpha - [0:0]', ':zeta - [0:0]', 'COMMIT', '']);
  });
});

describe('commands', () => {
  const span = { path: 'command line', line: 1 };

  it('knows command, chain, place and table', () => {
    const parsed = parseRule(
      [
        '-t',
        'nat',
        '-I',
        'PREROUTING',
        '2',
        '-p',
        'tcp',
        '--dport',
        'http',
        '-j',
        'DNAT',
        '--to',
        '10.0.0.7:8080',
      ],
      4,
      'filter',
      span,
    );
    expect(parsed).toMatchObject({ command: 'insert', chain: 'PREROUTING', position: 2, issues: [] });
    expect(parsed.rule && printRule(parsed.rule, 4, 'PREROUTING')).toBe(
      '-A PREROUTING -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.0.0.7:8080',
    );
  });

  it.each([
    ['-A INPUT --dport 80 -j DROP', '-p tcp or -p udp'],
    ['-A INPUT -p tcp -j DNAT --to-destination 10.0.0.1', 'can only be used in table nat'],
    ['-A INPUT -s ! 10.0.0.1 -j DROP', 'belongs to no option'],
    ['-A INPUT -m nosuch', 'unknown match -m nosuch'],
    ['-t nosuch -A INPUT', 'expected raw, mangle, nat, filter, security'],
    ['-A INPUT -p tcp --tcp-flags SYN', 'needs 2 words behind it'],
    ['-A INPUT -j REJECT --reject-with nonsense', 'expected one of icmp-net-unreachable'],
    ['-A INPUT -m conntrack --ct NEW', 'could be'],
    ['-A INPUT -j nochain', 'there is no chain nochain'],
    ['-A nochain -j DROP', 'there is no chain nochain'],
    ['-A INPUT -j HL --hl-set 5', 'unknown target -j HL'],
  ])('%s is refused with what would do', (line, text) => {
    const parsed = parseRule(line, 4, 'filter', span, new Set(['INPUT', 'FORWARD', 'OUTPUT']));
    expect(parsed.rules).toEqual([]);
    expect(parsed.issues.map((issue) => issue.text).join('; ')).toContain(text);
    expect(parsed.issues.every((issue) => issue.path === span.path)).toBe(true);
  });
});
