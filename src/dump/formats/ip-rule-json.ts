/** `ip -j rule`. */
import type { Issue } from '../../base/issue.ts';
import { bitsOf, type Family, familyOf, parseIp } from '../../net/ip.ts';
import { networkOf, type Prefix } from '../../net/prefix.ts';
import { parseDsfield } from '../dsfield.ts';
import { number, text } from '../fields.ts';
import { badLine, type Format, firstRecord, has, jsonIssues, jsonRecords, type Parsed } from '../format.ts';
import { type JsonObject, lineOf } from '../json.ts';
import { printRule } from '../print/rules.ts';
import { parseRealms } from '../realms.ts';
import type { IpRule } from '../records.ts';
import { tableName } from '../route-record.ts';
import { parseDscp, parseProtocol, type RuleDraft, settleRules } from '../rule-record.ts';
import type { DumpText } from '../text.ts';

export const ipRuleJson: Format = {
  id: 'ip-rule-json',
  command: 'ip -j rule',
  recognise: (source) =>
    firstRecord(
      source,
      (rule) =>
        has(rule, 'priority') &&
        !has(rule, 'ifname') &&
        ['src', 'table', 'action', 'goto', 'nop', 'l3mdev'].some((key) => key in rule),
      '`priority` and `src`',
    ),
  parse: (text, hint) => parseRules(text, hint?.family),
};

function parseRules(source: DumpText, family?: Family): Parsed {
  const issues: Issue[] = jsonIssues(source);
  const drafts: RuleDraft[] = [];
  for (const record of jsonRecords(source)) {
    const draft = ruleOf(record, source.path);
    if (draft) drafts.push(draft);
    else {
      const found = JSON.stringify(record).slice(0, 100);
      issues.push(badLine(source.path, lineOf(record), found, 'a rule with `priority` and what it does'));
    }
  }
  return { content: { kind: 'ip-rules', ...settleRules(drafts, source.echo?.command, family) }, issues };
}

function ruleOf(record: JsonObject, path: string): RuleDraft | undefined {
  const priority = number(record, 'priority');
  const action = actionOf(record);
  const source = prefixOf(record, 'src');
  const destination = prefixOf(record, 'dst');
  if (priority === undefined || !action || source === 'bad' || destination === 'bad') return undefined;
  const mark = number(record, 'fwmark');
  const protocolText = text(record, 'ipproto') ?? number(record, 'ipproto')?.toString();
  const protocol = protocolText === undefined ? undefined : parseProtocol(protocolText);
  const tosText = text(record, 'tos') ?? number(record, 'tos')?.toString();
  const tos = tosText === undefined ? undefined : parseDsfield(tosText);
  const dscpText = text(record, 'dscp') ?? number(record, 'dscp')?.toString();
  const dscpMask = number(record, 'dscp_mask');
  const dscp = dscpText === undefined ? undefined : parseDscp(dscpText);
  const group = text(record, 'suppress_ifgroup') ?? text(record, 'suppress_ifgrp');
  const [from, to] = [text(record, 'flow_from'), text(record, 'flow_to')];
  const realms = to === undefined ? undefined : parseRealms(from === undefined ? to : `${from}/${to}`);
  const iif = text(record, 'iif');
  const oif = text(record, 'oif');
  const sourcePorts = rangeOf(record, 'sport', 'sport_start', 'sport_end');
  const destinationPorts = rangeOf(record, 'dport', 'dport_start', 'dport_end');
  const uids = rangeOf(record, 'uid', 'uid_start', 'uid_end');
  const suppress = number(record, 'suppress_prefixlen');
  const unsupported = unsupportedOf(record);
  const draft: RuleDraft = {
    priority,
    invert: has(record, 'not'),
    ...(source ? { source } : {}),
    ...(destination ? { destination } : {}),
    ...(mark === undefined ? {} : { fwmark: { mark, mask: number(record, 'fwmask') ?? 0xffffffff } }),
    ...(iif === undefined ? {} : { iif }),
    ...(oif === undefined ? {} : { oif }),
    ...(tos === undefined ? {} : { tos }),
    ...(protocol === undefined ? {} : { protocol }),
    ...(sourcePorts ? { sourcePorts } : {}),
    ...(destinationPorts ? { destinationPorts } : {}),
    ...(uids ? { uids } : {}),
    ...(dscp ? { dscp: { value: dscp.value, mask: dscpMask ?? dscp.mask } } : {}),
    ...(suppress === undefined ? {} : { suppressPrefixLength: suppress }),
    ...(group === undefined ? {} : { suppressGroup: group }),
    ...(has(record, 'l3mdev') ? { l3mdev: true } : {}),
    ...(realms === undefined ? {} : { realms }),
    action,
    ...(unsupported.length > 0 ? { unsupported } : {}),
    text: '',
    span: { path, line: lineOf(record) },
  };
  draft.text = printRule(draft);
  return draft;
}

function actionOf(record: JsonObject): IpRule['action'] | undefined {
  const target = number(record, 'goto');
  if (target !== undefined) return { kind: 'goto', priority: target };
  if (has(record, 'nop')) return { kind: 'nop' };
  const action = text(record, 'action');
  if (action === 'unreachable' || action === 'prohibit' || action === 'blackhole' || action === 'nop') {
    return { kind: action };
  }
  if (has(record, 'l3mdev')) return { kind: 'lookup', table: '[l3mdev-table]' };
  const table = text(record, 'table') ?? number(record, 'table')?.toString();
  return table === undefined ? undefined : { kind: 'lookup', table: tableName(table) };
}

/** `"src": "10.0.0.0", "srclen": 8`; undefined is any. */
function prefixOf(record: JsonObject, key: 'src' | 'dst'): Prefix | undefined | 'bad' {
  const value = text(record, key);
  if (value === undefined || value === 'all') return undefined;
  const ip = parseIp(value);
  if (ip === undefined) return 'bad';
  const bits = bitsOf(familyOf(ip));
  const length = number(record, `${key}len`) ?? bits;
  return length <= bits ? networkOf(ip, length) : 'bad';
}

function rangeOf(record: JsonObject, one: string, from: string, to: string) {
  const min = number(record, from) ?? number(record, one);
  return min === undefined ? undefined : { min, max: number(record, to) ?? min };
}

/** Fields that are read, or that don't select packets. */
const KNOWN = new Set(
  'priority not src srclen dst dstlen fwmark fwmask iif iif_detached oif oif_detached tos ipproto sport sport_start sport_end dport dport_start dport_end uid uid_start uid_end suppress_prefixlen suppress_ifgroup suppress_ifgrp dscp dscp_mask l3mdev table action goto nop unresolved flow_from flow_to protocol'.split(
    ' ',
  ),
);

function unsupportedOf(record: JsonObject): string[] {
  const found: string[] = [];
  for (const key of Object.keys(record)) {
    if (KNOWN.has(key)) continue;
    const value = record[key];
    found.push(value === null ? key : `${key} ${String(value)}`);
  }
  return found;
}
