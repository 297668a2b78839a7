/** Which cause of the catalogue a dropping or rejecting nft rule or policy is: the most specific one that fits. */
import { CT_STATE } from '../../nft/datatype.ts';
import { constantOf } from '../../nft/elements.ts';
import type { Expression } from '../../nft/expression.ts';
import type { NftRule } from '../../nft/ruleset.ts';
import type { Statement } from '../../nft/statement.ts';
import { deviceOf } from '../net.ts';
import type { Copy } from '../run.ts';
import type { NftDecider, NftVerdict } from './nft-walk.ts';

export function nftDropCause(copy: Copy, verdict: Extract<NftVerdict, { by: NftDecider }>): string {
  const { skb } = copy;
  const { rule, base, chain } = verdict.by;
  if (rule) {
    if (skb.conntrack?.state === 'INVALID' && asksForInvalid(rule)) return 'ct-invalid-drop';
    if (rule.statements.some(asksReversePath)) return 'rpf-strict-drop';
    if (rule.statements.some(isLimit)) return 'flt-rate-limit';
    if (rule.statements.some(asksNamedSet)) return 'flt-ipset-ban';
  }
  const before = rule ? chain.rules.slice(0, chain.rules.indexOf(rule)) : chain.rules;
  if (before.some((earlier) => earlier.statements.some(isLimit) && earlier.statements.some(isAccept))) {
    return 'flt-rate-limit';
  }
  const { hook } = base.base;
  if (hook === 'forward') return forwardCause(copy, verdict);
  if (verdict.kind === 'reject') return 'flt-reject';
  if (hook === 'output') return 'flt-output-drop';
  if (hook === 'input') {
    const name = skb.in;
    if (name === undefined || name === 'lo') return 'flt-input-drop';
    return deviceOf(copy.net, name).kind === 'bridge' ? 'flt-input-blocks-container' : 'flt-input-drop';
  }
  return 'flt-rule-drop';
}

function forwardCause(copy: Copy, verdict: Extract<NftVerdict, { by: NftDecider }>): string {
  const { skb } = copy;
  if (skb.conntrack?.direction === 'reply' && skb.conntrack.state === 'ESTABLISHED') {
    return 'flt-forward-reply-blocked';
  }
  if (verdict.kind === 'reject') return 'flt-reject';
  if (copy.bridge?.physout !== undefined) return 'flt-bridge-nf-drop';
  return verdict.by.rule ? 'flt-rule-drop' : 'flt-forward-policy-drop';
}

function asksForInvalid({ statements }: NftRule): boolean {
  return statements.some((statement) => {
    if (statement.kind !== 'match' || statement.left.kind !== 'ct' || statement.left.key !== 'state')
      return false;
    return valuesOf(statement.right).some((value) => (value & BigInt(CT_STATE.invalid)) !== 0n);
  });
}

function valuesOf(expression: Expression): bigint[] {
  if (expression.kind === 'set') return expression.elements.flatMap(({ key }) => valuesOf(key));
  const value = constantOf(expression);
  return typeof value === 'bigint' ? [value] : [];
}

function asksReversePath(statement: Statement): boolean {
  return (
    statement.kind === 'match' &&
    statement.left.kind === 'fib' &&
    statement.left.result !== 'type' &&
    statement.left.flags.includes('saddr')
  );
}

/** For the packet's source: a set of addresses or interfaces that a rule is for bans nobody. */
function asksNamedSet(statement: Statement): boolean {
  return (
    statement.kind === 'match' &&
    statement.right.kind === 'set-ref' &&
    statement.op !== '!=' &&
    asksSource(statement.left)
  );
}

function asksSource(expression: Expression): boolean {
  if (expression.kind === 'concat') return expression.parts.some(asksSource);
  if (expression.kind === 'binary') return asksSource(expression.left);
  if (expression.kind === 'ct') return expression.key === 'saddr';
  return expression.kind === 'payload' && expression.header?.field === 'saddr';
}

function isLimit(statement: Statement): boolean {
  const { kind } = statement;
  if (kind === 'update') return (statement.element.statements ?? []).some(isLimit);
  return kind === 'limit' || kind === 'quota' || kind === 'ct count' || kind === 'meter';
}

function isAccept(statement: Statement): boolean {
  return statement.kind === 'verdict' && statement.verdict.kind === 'accept';
}
