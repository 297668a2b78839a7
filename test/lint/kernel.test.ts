/** Claims held against the kernel of this machine: counters of dead rules stay at nothing, and what is called refused is refused. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deadRules } from '../../src/lint/dead.ts';
import { parseSave } from '../../src/xtables/parse.ts';
import type { Rule } from '../../src/xtables/rule.ts';
import { isPossible } from '../conformance/kernel/lab.ts';
import { ids, lintFiles, table } from './lab.ts';

const RULESETS = 20;
const NAMESPACE = `ntl${process.pid}`;

const pick = (...words: string[]) => fc.constantFrom(...words);
const maybe = (arbitrary: fc.Arbitrary<string>) =>
  fc.oneof({ weight: 3, arbitrary: fc.constant('') }, { weight: 2, arbitrary });
const condition = fc
  .tuple(
    maybe(pick('-s 127.0.0.0/24', '! -s 127.0.0.0/24', '-s 127.0.0.5/32', '-s 127.0.0.0/8', '-s 10.0.0.0/8')),
    maybe(pick('-o lo', '! -o lo', '-o l+')),
    maybe(
      pick(
        ...['-p tcp', '-p udp', '! -p tcp', '-p tcp -m tcp --dport 80', '-p tcp -m tcp ! --dport 80'],
        ...[
          '-p tcp -m tcp --dport 80:443',
          '-p udp -m udp --dport 443',
          '-p tcp -m multiport --dports 80,443',
        ],
      ),
    ),
    maybe(pick('-m mark --mark 0x1', '-m mark ! --mark 0x1')),
  )
  .map((words) => words.filter((word) => word !== '').join(' '));
const rulesIn = (chain: string, jumps: readonly string[]) =>
  fc.array(
    fc
      .tuple(condition, pick('-j ACCEPT', '-j ACCEPT', '-j DROP', '-j RETURN', '', ...jumps, ...jumps))
      .map(([conditions, act]) => `-A ${chain} ${conditions} ${act}`.replace(/ +/g, ' ').trim()),
    { minLength: 2, maxLength: 7 },
  );
const ruleset = fc
  .tuple(
    rulesIn('OUTPUT', ['-j one', '-g one', '-j two']),
    rulesIn('one', ['-j two', '-g two']),
    rulesIn('two', []),
  )
  .map((rules) => table([...rules.flat()].join('\n')));

/** Every packet that the conditions tell apart, from the host to itself: raw, so that any source will do. */
const SENDER = `
import socket, struct
s = {}
for mark in (0, 1):
    s[mark] = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    s[mark].setsockopt(socket.SOL_SOCKET, 36, mark)
for source in ('127.0.0.5', '127.0.0.9', '127.0.1.9'):
    for protocol in (6, 17, 50):
        for port in (79, 80, 200, 443):
            body = struct.pack('!HHLLBBHHH', 40000, port, 1, 0, 0x50, 2, 1024, 0, 0) if protocol == 6 else struct.pack('!HHHH', 40000, port, 8, 0)
            head = struct.pack('!BBHHHBBH4s4s', 0x45, 0, 20 + len(body), 0, 0, 64, protocol, 0, socket.inet_aton(source), socket.inet_aton('127.0.0.1'))
            for mark in (0, 1):
                try:
                    s[mark].sendto(head + body, ('127.0.0.1', 0))
                except OSError:
                    pass
`;

describe.skipIf(!isPossible())('this kernel (needs root, iptables-nft and python3)', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'nettrace-lint-'));
    execFileSync('ip', ['netns', 'add', NAMESPACE]);
    inside('ip link set lo up');
    writeFileSync(join(folder, 'send.py'), SENDER);
  });
  afterAll(() => {
    execFileSync('ip', ['netns', 'del', NAMESPACE]);
    rmSync(folder, { recursive: true });
  });

  function inside(script: string): string {
    return execFileSync('ip', ['netns', 'exec', NAMESPACE, 'sh', '-c', script], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }

  it('counts nothing at dead rules, whatever is sent', { timeout: 60_000 }, () => {
    const texts = fc.sample(ruleset, { numRuns: RULESETS, seed: 20_261_130 });
    const script = texts.map((text, index) => {
      writeFileSync(join(folder, `${index}.rules`), text);
      const rules = join(folder, `${index}.rules`);
      return `iptables-nft-restore < ${rules} && python3 ${join(folder, 'send.py')} && iptables-nft-save -c -t filter && echo '## next'`;
    });
    const dumps = inside(script.join(' && ')).split('## next\n');
    let dead = 0;
    let living = 0;
    for (const [index, text] of texts.entries()) {
      const own = parseSave(text, 'rules', { family: 4 }).ruleset;
      const counted = parseSave(dumps[index] ?? '', 'dump', { family: 4 }).ruleset;
      const packets = (chain: string, number: number): number =>
        counted.tables.get('filter')?.chains.get(chain)?.rules[number - 1]?.counters?.packets ?? Number.NaN;
      const told = new Set<Rule>(deadRules(own).map(({ ref }) => ref.rule));
      for (const { name, rules } of own.tables.get('filter')?.chains.values() ?? []) {
        for (const [at, rule] of rules.entries()) {
          const seen = packets(name, at + 1);
          expect(seen, `${name} ${at + 1} of ${index}`).toBeGreaterThanOrEqual(0);
          if (!told.has(rule)) {
            living += Number(seen > 0);
            continue;
          }
          expect(seen, `${name} ${at + 1}: ${rule.text}\n${dumps[index]}`).toBe(0);
          dead++;
        }
      }
    }
    expect(Math.min(dead, living)).toBeGreaterThan(RULESETS);
  });

  const nat = (rules: string): string => table(rules, { name: 'nat' });
  const LOAD = /^(load-|nat-drop)/;
  it.each([
    table('-A INPUT --dport 22 -j ACCEPT'),
    table('-A INPUT -p tcp --dport 22 -j ACCEPT'),
    table('-A INPUT -p udp -m tcp --dport 22 -j ACCEPT'),
    table('-A INPUT -o lo -j ACCEPT'),
    table('-A INPUT -j own\n-A own -o lo -j ACCEPT'),
    table('-A OUTPUT -i lo -j ACCEPT'),
    table('-A INPUT -j REJECT --reject-with tcp-reset'),
    table('-A INPUT -p tcp -j REJECT --reject-with tcp-reset'),
    table('-A INPUT -j LOGDROP'),
    table('-A INPUT -j LOGDROP\n-A LOGDROP -j DROP'),
    table('-A INPUT -j a\n-A a -j b\n-A b -j a'),
    table('-A INPUT -j a\n-A a -j b\n-A b -j DROP'),
    table('-A INPUT -j MASQUERADE'),
    table('-A PREROUTING -j REJECT', { name: 'raw' }),
    nat('-A PREROUTING -j DROP'),
    nat('-A PREROUTING -j MASQUERADE'),
    nat('-A POSTROUTING -j MASQUERADE'),
    nat('-A PREROUTING -j own\n-A own -j MASQUERADE'),
    nat('-A POSTROUTING -j own\n-A own -j MASQUERADE'),
    nat('-A PREROUTING -j DNAT --to-destination 10.0.0.1:80'),
    nat('-A PREROUTING -p tcp -j DNAT --to-destination 10.0.0.1:80'),
    nat('-A POSTROUTING -j own\n-A own -j DNAT --to-destination 10.0.0.1'),
    table('-A INPUT -m set --match-set none src -j DROP').replace(
      '-m set --match-set none src',
      '-m owner --uid-owner 0',
    ),
    table('-A OUTPUT -m owner --uid-owner 0 -j DROP'),
    table('-A FORWARD -m mac --mac-source 00:00:00:00:00:0g -j DROP'),
    table('-A INPUT -s 10.0.0.0/33 -j DROP'),
    table('-A INPUT -m conntrack --ctstate NEVER -j DROP'),
  ])('%s loads, or is told to be refused', async (text) => {
    const { findings } = await lintFiles({ 'rules.v4': text });
    const told = ids({ findings, suppressed: [], paths: [], rules: 0, undecided: [] }).filter((id) =>
      LOAD.test(id),
    );
    const path = join(folder, 'load.rules');
    writeFileSync(path, text);
    let refused = '';
    try {
      inside(`iptables-nft-restore < ${path}`);
    } catch (error) {
      refused = String((error as { stderr?: unknown }).stderr ?? error);
    }
    expect(told.length > 0, `${refused}\n${told.join()}`).toBe(refused !== '');
  });
});
