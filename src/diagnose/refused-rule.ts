/** Lines of a rules file that iptables doesn't take, and what they were to be. */
import type { DumpInput } from '../input/input.ts';
import type { Family } from '../net/ip.ts';
import { isHandwritten } from '../snapshot/order.ts';
import { parseRule } from '../xtables/parse.ts';
import type { Rule, TableName } from '../xtables/rule.ts';
import { splitShell } from '../xtables/tokens.ts';
import type { Scene } from './case.ts';
import type { Command } from './cause.ts';

export interface RefusedRule {
  readonly namespace: string;
  readonly path: string;
  readonly line: number;
  readonly family: Family;
  readonly table: TableName;
  readonly text: string;
  readonly reasons: readonly string[];
  /** What was meant, in a form that iptables takes. */
  readonly corrected?: Command;
}

/**
 * Of files that somebody wrote. iptables-save prints what the kernel has taken already: a line of its that can't be read says
 * something about the reader.
 */
export function refusedRules({ inputs }: Pick<Scene, 'inputs'>): RefusedRule[] {
  return inputs.dumps.filter(isHandwritten).flatMap(refusedIn);
}

function refusedIn({ dump, namespace }: DumpInput): RefusedRule[] {
  if (dump.content.kind !== 'ruleset') return [];
  const { ruleset } = dump.content;
  const byLine = new Map<number, string[]>();
  for (const { severity, line, text } of dump.issues) {
    if (severity === 'error' && line !== undefined) byLine.set(line, [...(byLine.get(line) ?? []), text]);
  }
  return [...ruleset.tables.values()].flatMap(({ name: table, chains }) =>
    [...chains.values()].flatMap(({ rules }) =>
      rules.flatMap(({ text, span }: Rule) => {
        const reasons = byLine.get(span.line);
        if (!reasons) return [];
        const corrected = correctionOf(text, table, ruleset.family, namespace);
        const { path, line } = span;
        const place = { namespace, path, line, family: ruleset.family, table, text };
        return [{ ...place, reasons, ...(corrected && { corrected }) }];
      }),
    ),
  );
}

const OF_TARGET =
  /^--(?:to-|reject-with|set-|log-|nflog-|clamp-mss|restore-mark|save-mark|random|persistent)/;
const PORTS = /^--(?:[ds]ports?|(?:source|destination)-ports?)$/;
/** Where targets belong that people put elsewhere. */
const PLACES: Readonly<Record<string, readonly [TableName, string]>> = {
  MASQUERADE: ['nat', 'POSTROUTING'],
  SNAT: ['nat', 'POSTROUTING'],
  DNAT: ['nat', 'PREROUTING'],
  REDIRECT: ['nat', 'PREROUTING'],
};

/** The same words in iptables' order, with the protocol that ports need (TCP, unless told) and in the table that the target is of. */
function correctionOf(
  text: string,
  table: TableName,
  family: Family,
  namespace: string,
): Command | undefined {
  const words = splitShell(text).map(({ text: word }) => word);
  const [, chain = '', ...rest] = words;
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
  const [intoTable, intoChain] = fits || place === undefined ? [table, chain] : place;
  const spec = ['-A', intoChain, ...matches, '-j', target, ...options];
  const { issues } = parseRule(spec, family, intoTable, { path: text, line: 1 });
  if (issues.some(({ severity }) => severity === 'error')) return undefined;
  const tool = family === 4 ? 'iptables' : 'ip6tables';
  const where = intoTable === 'filter' ? '' : ` -t ${intoTable}`;
  return { namespace, text: `${tool}${where} ${spec.join(' ')}` };
}
