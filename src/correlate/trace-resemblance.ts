/** Which rule of an iptables dump a rule in nft's words is: iptables-nft's own rules are shown so by `nft monitor trace`. */
import type { TraceStep } from '../dump/trace-record.ts';
import { servicePort } from '../xtables/names/services.ts';
import type { Chain, Rule } from '../xtables/rule.ts';

/**
 * The rules with that verdict that name most of the same addresses, ports, interfaces and marks. nft's words say nothing of
 * comments and little of xt matches, so several may be as good; the handle would tell, and iptables-save has none.
 */
export function resembling(chain: Chain, { text, verdict }: TraceStep): Rule[] {
  const traces = text?.includes('meta nftrace set 1') ?? false;
  const able = chain.rules.filter(
    (rule) =>
      fits(rule, verdict ?? '') &&
      (text === undefined || traces === (rule.target?.kind === 'extension' && rule.target.name === 'TRACE')),
  );
  if (text === undefined || able.length < 2) return able.length === 1 ? able : [];
  const wanted = valuesOf(text.replace(/\bcounter packets \d+ bytes \d+/, ' '));
  const scored = able.map((rule) => ({ rule, score: likeness(wanted, valuesOf(rule.text)) }));
  const most = Math.max(...scored.map(({ score }) => score));
  const best = scored.filter(({ score }) => score === most);
  if (most === 1 || best.length === 1) return best.map(({ rule }) => rule);
  return [];
}

/** Shared values among all of them: 1 when they are the same. */
function likeness(left: ReadonlySet<string>, right: ReadonlySet<string>): number {
  const shared = [...left].filter((value) => right.has(value)).length;
  const all = left.size + right.size - shared;
  return all === 0 ? 1 : shared / all;
}

function fits({ target }: Rule, verdict: string): boolean {
  const [word = '', chain] = verdict.split(' ');
  if (target === undefined) return word === 'CONTINUE';
  switch (target.kind) {
    case 'verdict':
      return target.verdict === word;
    case 'jump':
      return word === 'JUMP' && target.chain === chain;
    case 'goto':
      return word === 'GOTO' && target.chain === chain;
    case 'extension':
      // REJECT drops, NAT accepts, most others go on.
      return target.name === 'REJECT' ? word === 'DROP' : word !== 'RETURN' && !/^(?:JUMP|GOTO)$/.test(word);
  }
}

/** Words of either language that carry no value of their own, or that the other language leaves out. */
const GRAMMAR = new Set(
  `meta l4proto ip ip6 saddr daddr sport dport ct state mark set and or xor counter jump goto accept
  drop return reject with type code iifname oifname iif oif nftrace log prefix to dnat snat masquerade redirect xt match target
  comment tcp-reset reset port-unreachable icmp-port-unreachable 0xffffffff 255.255.255.255`.split(/\s+/),
);

function valuesOf(text: string): Set<string> {
  const values = new Set<string>();
  const bare = text
    .replace(/-m comment --comment (?:"(?:[^"\\]|\\.)*"|\S+)/, ' ')
    .replace(/--?[a-z][\w-]*/gi, ' ');
  for (const part of bare.toLowerCase().split(/[\s{},;"!=|&()<>]+/)) {
    if (part === '' || GRAMMAR.has(part)) continue;
    for (const word of part.split(/(?<=^[0-9]+)[:-](?=[0-9]+$)|(?<=0x[0-9a-f]+)\//)) {
      const value = normal(word);
      if (!GRAMMAR.has(value)) values.add(value);
    }
  }
  return values;
}

/** `10.0.0.1/32`, `http`, `0x00000007`, `cpr+`. */
function normal(word: string): string {
  if (word === 'ipv6-icmp' || word === 'icmp6') return 'icmpv6';
  const plain = word.replace(/\/(?:32|128)$/, '').replace(/[+*]$/, '');
  if (/^0x[0-9a-f]+$/.test(plain)) return String(Number(plain));
  return String(servicePort(plain) ?? plain);
}
