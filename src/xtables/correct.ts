/** What a rule that iptables refuses was meant to be. */
import { wordTable } from '../base/word-table.ts';
import type { Family } from '../net/ip.ts';
import { parseRule } from './parse.ts';
import type { TableName } from './rule.ts';

const OF_TARGET =
  /^--(?:to-|reject-with|set-|log-|nflog-|clamp-mss|restore-mark|save-mark|random|persistent)/;
const PORTS = /^--(?:[ds]ports?|(?:source|destination)-ports?)$/;
/** Where targets belong that people put elsewhere. */
const PLACES = wordTable<readonly [TableName, string]>({
  MASQUERADE: ['nat', 'POSTROUTING'],
  SNAT: ['nat', 'POSTROUTING'],
  DNAT: ['nat', 'PREROUTING'],
  REDIRECT: ['nat', 'PREROUTING'],
});

/**
 * The same words in iptables' order, with the protocol that ports need (TCP, unless told) and in the table and chain that the
 * target is of: a command that iptables takes, or undefined. `words`: `-A CHAIN …`, without `-t TABLE`.
 */
export function correctRule(words: readonly string[], table: TableName, family: Family): string | undefined {
  const [command = '-A', chain = '', ...rest] = words;
  const jump = rest.findIndex((word) => word === '-j' || word === '--jump');
  const target = rest[jump + 1];
  if (jump < 0 || target === undefined) return undefined;
  const others = rest.filter((_, index) => index !== jump && index !== jump + 1);
  const matches: string[] = [];
  const options: string[] = [];
  let into = matches;
  for (const word of others) {
    if (word.startsWith('-')) into = OF_TARGET.test(word) ? options : matches;
    into.push(word);
  }
  const hasProtocol = matches.some((word) => word === '-p' || word === '--protocol');
  const needsProtocol = [...matches, ...options].some(
    (word) => PORTS.test(word) || /^(?:\d+\.){3}\d+:\d+/.test(word),
  );
  if (needsProtocol && !hasProtocol) matches.unshift('-p', 'tcp');
  const place = PLACES[target];
  const fits =
    place === undefined || (place[0] === table && !/^(?:PRE|POST)ROUTING$/.test(chain)) || place[1] === chain;
  const [intoTable, intoChain] = fits || place === undefined ? [place?.[0] ?? table, chain] : place;
  const spec = [command, intoChain, ...matches, '-j', target, ...options];
  const { issues } = parseRule(spec, family, intoTable, { path: spec.join(' '), line: 1 });
  if (issues.some(({ severity }) => severity === 'error')) return undefined;
  const tool = family === 4 ? 'iptables' : 'ip6tables';
  const where = intoTable === 'filter' ? '' : ` -t ${intoTable}`;
  return `${tool}${where} ${spec.join(' ')}`;
}
