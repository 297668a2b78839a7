import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { DumpContent } from '../../src/dump/dump.ts';
import { printDump } from '../../src/dump/print.ts';
import { parseListRules, parseSave } from '../../src/xtables/parse.ts';
import { printRuleset } from '../../src/xtables/print.ts';
import { bare, read } from './same.ts';

const span = { path: 'x', line: 1 };
const name = fc.stringMatching(/^[a-z][a-z0-9_.-]{0,14}$/);
const number = fc.integer({ min: 0, max: 2 ** 31 });

/** Printed and read again, a content says what it said. */
function expectSame(content: DumpContent, command?: string): void {
  const printed = printDump(content) ?? '';
  const text = command === undefined ? printed : `root@host:~# ${command}\n${printed}`;
  expect(bare(read('x', text).content)).toEqual(bare(content));
}

it('namespaces by name', () => {
  const entry = fc.record({ name, netnsid: fc.option(number, { nil: undefined }) });
  fc.assert(
    fc.property(
      fc.uniqueArray(entry, { selector: (each) => each.name, minLength: 1, maxLength: 8 }),
      (list) => {
        const namespaces = list.map(({ name, netnsid }) => ({
          name,
          ...(netnsid === undefined ? {} : { netnsid }),
          span,
        }));
        expectSame({ kind: 'namespaces', namespaces }, 'ip netns list');
      },
    ),
  );
});

it('namespaces by id', () => {
  fc.assert(
    fc.property(fc.uniqueArray(number, { minLength: 1, maxLength: 8 }), (ids) => {
      expectSame({ kind: 'namespaces', namespaces: ids.map((netnsid) => ({ netnsid, span })) });
    }),
  );
});

it('namespaces by inode and process', () => {
  const entry = fc.record({
    inode: fc.integer({ min: 1, max: 2 ** 32 - 1 }),
    pid: fc.integer({ min: 1, max: 4194304 }),
    command: name,
  });
  fc.assert(
    fc.property(fc.array(entry, { minLength: 1, maxLength: 8 }), (list) => {
      expectSame({ kind: 'namespaces', namespaces: list.map((each) => ({ ...each, span })) });
    }),
  );
});

it('counters of a device', () => {
  fc.assert(
    fc.property(
      name,
      fc.dictionary(fc.stringMatching(/^[a-z][a-z0-9_]{0,20}$/), number, {
        minKeys: 1,
        noNullPrototype: true,
      }),
      (dev, counters) => {
        expectSame({ kind: 'link-counters', devices: [{ dev, counters, span }] });
      },
    ),
  );
});

const RULES = [
  '-s 127.0.0.1/32 -j ACCEPT',
  '! -s 10.0.0.0/8 -p tcp -m tcp --dport 80 -j DROP',
  '-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
  '-m comment --comment "two words" -j LOG --log-prefix "in: "',
  '-p udp -m multiport --dports 53,67 -j REJECT --reject-with icmp-port-unreachable',
  '-j USER',
] as const;

it('iptables -S of a ruleset', () => {
  const chain = fc.array(fc.constantFrom(...RULES), { maxLength: 5 });
  const policy = fc.constantFrom('ACCEPT', 'DROP');
  fc.assert(
    fc.property(fc.tuple(policy, policy, policy), fc.tuple(chain, chain, chain, chain), (policies, lists) => {
      const chains = ['INPUT', 'FORWARD', 'OUTPUT', 'USER'];
      const rules = chains.flatMap((each, i) => (lists[i] ?? []).map((rule) => `-A ${each} ${rule}`));
      const declared = [...policies.map((each, i) => `:${chains[i]} ${each} [0:0]`), ':USER - [0:0]'];
      const saved = ['*filter', ...declared, ...rules, 'COMMIT', ''].join('\n');
      const listed = [...policies.map((each, i) => `-P ${chains[i]} ${each}`), '-N USER', ...rules].join(
        '\n',
      );
      const { ruleset, issues } = parseListRules(listed, 'x');
      expect(printRuleset(ruleset)).toBe(printRuleset(parseSave(saved, 'x').ruleset));
      expect(issues).toEqual([]);
    }),
  );
});
