/** The text of `ip rule`: iproute2 ip/iprule.c, print_rule(). */
import type { Issue } from '../../base/issue.ts';
import type { Family } from '../../net/ip.ts';
import { parsePrefix } from '../../net/prefix.ts';
import { parseDsfield } from '../dsfield.ts';
import { parseNumber } from '../fields.ts';
import { badLine, type Format, mostLines, type Parsed } from '../format.ts';
import { parseRealms } from '../realms.ts';
import { tableName } from '../route-record.ts';
import { parseDscp, parseProtocol, type RuleDraft, settleRules } from '../rule-record.ts';
import type { DumpText } from '../text.ts';
import { Words } from '../words.ts';

const LINE = /^\s*\d+:\s+(?:not\s+)?from \S+/;

export const ipRule: Format = {
  id: 'ip-rule',
  command: 'ip rule',
  recognise: (text) => mostLines(text, LINE),
  parse: (text, hint) => parseRules(text, hint?.family),
};

function parseRules(text: DumpText, family?: Family): Parsed {
  const issues: Issue[] = [];
  const drafts: RuleDraft[] = [];
  text.lines.forEach((line, index) => {
    if (line.trim() === '') return;
    const draft = LINE.test(line) ? parseRule(line, index + 1, text.path, issues) : undefined;
    if (draft) drafts.push(draft);
    else issues.push(badLine(text.path, index + 1, line, 'a rule: `32766: from all lookup main`'));
  });
  return { content: { kind: 'ip-rules', ...settleRules(drafts, text.echo?.command, family) }, issues };
}

function parseRule(line: string, number: number, path: string, issues: Issue[]): RuleDraft | undefined {
  const words = new Words(line);
  const priority = parseNumber(words.next().replace(/:$/, ''));
  if (priority === undefined) return undefined;
  const invert = words.skip('not');
  const draft: RuleDraft = {
    priority,
    invert,
    action: { kind: 'nop' },
    text: line.trim(),
    span: { path, line: number },
  };
  let acts = false;
  let unspecified = false;
  while (!words.done) {
    const word = words.next();
    if (word === 'from' || word === 'to') {
      const value = words.next();
      if (value === 'all') continue;
      const prefix = parsePrefix(value);
      if (!prefix) return undefined;
      draft[word === 'from' ? 'source' : 'destination'] = prefix;
    } else if (word === 'lookup' || word === 'table') {
      const table = words.next();
      // busybox writes RT_TABLE_UNSPEC where no table is searched, and what the rule does behind it.
      if (table === 'unspec') {
        unspecified = true;
        continue;
      }
      draft.action = { kind: 'lookup', table: tableName(table) };
      if (table === '[l3mdev-table]') draft.l3mdev = true;
      acts = true;
    } else if (refusal(word) !== undefined) {
      draft.action = { kind: refusal(word) ?? 'nop' };
      acts = true;
    } else if (word === 'goto') {
      const target = parseNumber(words.next());
      if (target === undefined) return undefined;
      draft.action = { kind: 'goto', priority: target };
      acts = true;
    } else if (word === 'proto' || word === 'protocol') words.next();
    else if (word.startsWith('[')) continue;
    else if (acts && !/^[a-z]\w*$/.test(word)) {
      issues.push(badLine(path, number, line, `the end of the line where \`${word}\` stands`));
      break;
    } else if (!takeSelector(draft, word, words)) return undefined;
  }
  if (acts && unspecified) {
    const expected = '`ip rule` of iproute2: busybox leaves out `not`, `oif`, ports, protocols and users';
    issues.push({ ...badLine(path, number, line, expected), code: 'dump-lossy' });
  }
  return acts ? draft : undefined;
}

/** FR_ACT_* beside a lookup; `ip -N` prints their numbers (linux/fib_rules.h has them as RTN_*). */
function refusal(word: string): 'unreachable' | 'prohibit' | 'blackhole' | 'nop' | undefined {
  if (word === 'unreachable' || word === '7') return 'unreachable';
  if (word === 'prohibit' || word === '8') return 'prohibit';
  if (word === 'blackhole' || word === '6') return 'blackhole';
  return word === 'nop' ? word : undefined;
}

function takeSelector(draft: RuleDraft, word: string, words: Words): boolean {
  const value = words.next();
  if (value === '') return false;
  const single = parseNumber(value);
  if (word === 'fwmark') {
    const [mark, mask] = value.split('/').map(parseNumber);
    if (mark === undefined) return false;
    draft.fwmark = { mark, mask: mask ?? 0xffffffff };
  } else if (word === 'iif' || word === 'dev') draft.iif = value;
  else if (word === 'oif') draft.oif = value;
  else if ((word === 'tos' || word === 'dsfield') && parseDsfield(value) !== undefined)
    draft.tos = parseDsfield(value) ?? 0;
  else if (word === 'dscp' && parseDscp(value)) draft.dscp = parseDscp(value) ?? { value: 0, mask: 0 };
  else if (word === 'ipproto') {
    const protocol = parseProtocol(value);
    if (protocol === undefined) unsupported(draft, `${word} ${value}`);
    else draft.protocol = protocol;
  } else if (word === 'sport' || word === 'dport' || word === 'uidrange') {
    const range = parseRange(value);
    if (!range) unsupported(draft, `${word} ${value}`);
    else if (word === 'uidrange') draft.uids = range;
    else draft[word === 'sport' ? 'sourcePorts' : 'destinationPorts'] = range;
  } else if (word === 'suppress_prefixlength' && single !== undefined) draft.suppressPrefixLength = single;
  else if (word === 'suppress_ifgroup') draft.suppressGroup = value;
  else if (word === 'realms' || word === 'realm' || word === 'flowid') {
    const realms = parseRealms(value);
    if (realms !== undefined) draft.realms = realms;
  } else unsupported(draft, `${word} ${value}`);
  return true;
}

function unsupported(draft: RuleDraft, selector: string): void {
  draft.unsupported = [...(draft.unsupported ?? []), selector];
}

/** `1000-2000` or `443`. */
function parseRange(text: string): { min: number; max: number } | undefined {
  const [min, max] = text.split('-').map(parseNumber);
  return min === undefined ? undefined : { min, max: max ?? min };
}
