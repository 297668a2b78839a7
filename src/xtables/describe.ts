/** One rule in a few words, for reports: what it does to which packets. */
import { wordTable } from '../base/word-table.ts';
import type { Family } from '../net/ip.ts';
import { isUnparsed } from './extension.ts';
import { printMatch, printOption, printTarget } from './print.ts';
import type { AddressMatch, MatchUse, Rule, TargetUse } from './rule.ts';

/** "drops tcp packets from 10.0.0.0/8 to port 80 arriving on eth0". */
export function describeRule(rule: Rule, family: Family): string {
  const protocol = rule.protocol
    ? `${rule.protocol.invert ? 'non-' : ''}${printOption.protocol(rule.protocol.protocol)} `
    : '';
  const parts = [`${verb(rule.target, family)} ${protocol}packets`];
  if (rule.source) parts.push(address('from', rule.source));
  if (rule.destination) parts.push(address('to', rule.destination));
  for (const match of rule.matches) parts.push(...describeMatch(match, family));
  if (rule.in) parts.push(`${rule.in.invert ? 'not arriving' : 'arriving'} on ${ifname(rule.in)}`);
  if (rule.out) parts.push(`${rule.out.invert ? 'not leaving' : 'leaving'} by ${ifname(rule.out)}`);
  if (rule.fragment)
    parts.push(rule.fragment.invert ? 'that are no later fragments' : 'that are later fragments');
  return parts.join(' ');
}

const VERDICTS = {
  ACCEPT: 'accepts',
  DROP: 'drops',
  RETURN: 'returns from its chain for',
  QUEUE: 'hands to a program',
} as const;

function verb(target: TargetUse | undefined, family: Family): string {
  if (!target) return 'counts';
  if (target.kind === 'verdict') return VERDICTS[target.verdict];
  if (target.kind !== 'extension')
    return `${target.kind === 'jump' ? 'jumps' : 'goes'} to chain ${target.chain} for`;
  const options = printTarget(target, family).slice(1).join(' ');
  const value = options.replace(/^--\S+ ?/, '');
  switch (target.name) {
    case 'REJECT':
      return `rejects (${value})`;
    case 'DNAT':
      return `translates the destination to ${value} of`;
    case 'SNAT':
      return `translates the source to ${value} of`;
    case 'MASQUERADE':
      return 'masquerades';
    case 'REDIRECT':
      return value === '' ? 'redirects to this host' : `redirects to this host, port ${value},`;
    case 'LOG':
    case 'NFLOG':
      return 'logs';
    default:
      return `applies ${target.name}${options === '' ? '' : ` (${options})`} to`;
  }
}

function address(word: string, match: AddressMatch): string {
  const text = printOption.address('-s', { ...match, invert: false }).slice('-s '.length);
  return `${match.invert ? 'not ' : ''}${word} ${text.replace(/\/(32|128)$/, (whole, bits) =>
    (typeof match.mask === 'number') === (bits === '32') ? '' : whole,
  )}`;
}

function ifname({ name, wildcard }: { readonly name: string; readonly wildcard: boolean }): string {
  return wildcard ? `${name}+` : name;
}

/** Options that read better as words; the others are shown as they print. */
const PHRASES = wordTable<(value: string) => string>({
  dport: (value) => `to port ${value}`,
  sport: (value) => `from port ${value}`,
  dports: (value) => `to ports ${value}`,
  sports: (value) => `from ports ${value}`,
  ports: (value) => `from or to ports ${value}`,
  ctstate: states,
  state: states,
  'icmp-type': (value) => `of type ${value}`,
  'icmpv6-type': (value) => `of type ${value}`,
  'mac-source': (value) => `from MAC ${value}`,
  'src-type': (value) => `from ${value.replaceAll(',', ' or ')} addresses`,
  'dst-type': (value) => `to ${value.replaceAll(',', ' or ')} addresses`,
  'match-set': (value) => `with ${value.replace(/^(\S+) (.*)$/, '$2 in set $1')}`,
  'physdev-in': (value) => `entering bridge port ${value}`,
  'physdev-out': (value) => `leaving bridge port ${value}`,
});

function states(value: string): string {
  return `in state ${value.replaceAll(',', ' or ')}`;
}

function describeMatch(match: MatchUse, family: Family): string[] {
  const [, ...options] = printMatch(match, family);
  if (isUnparsed(match.info)) return [`where ${printMatch(match, family).join(' ')} (not understood)`];
  if (match.name === 'comment') return [];
  return options.map((text) => {
    const found = /^(! )?--(\S+) ?(.*)$/.exec(text);
    const phrase = PHRASES[found?.[2] ?? ''];
    if (!found || !phrase) return `where ${match.name} ${text}`;
    return `${found[1] ? 'not ' : ''}${phrase(found[3] ?? '')}`;
  });
}
