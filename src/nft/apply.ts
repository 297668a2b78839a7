/** One statement of a rule on a packet: the expressions of nft_do_chain(), net/netfilter/nf_tables_core.c, in the order of the rule. */
import { isUnknown, type Unknown } from '../base/ternary.ts';
import { formatIp, type Ip } from '../net/ip.ts';
import type { RuleVerdict } from '../xtables/context.ts';
import type { NftContext } from './context.ts';
import { constantOf, indexOf } from './elements.ts';
import { evaluate, findIn } from './evaluate.ts';
import type { Expression } from './expression.ts';
import { change, type Found } from './lookup.ts';
import { matches } from './match.ts';
import { natRange } from './nat.ts';
import { upperOf } from './payload.ts';
import { rejectWith } from './reject.ts';
import type { SetElement } from './set.ts';
import { runStateful, updateElement } from './stateful.ts';
import type { Statement } from './statement.ts';
import { isValue, keyText, type Value } from './value.ts';
import type { Verdict } from './verdict.ts';
import { resetOption, write } from './write.ts';

/** `next`: on to the rule's next statement. `break`: the rule does not match (NFT_BREAK). */
export type Way = 'next' | 'break' | { readonly verdict: NftRuleVerdict };

/** `stolen`: it went another way (fwd). */
export type NftRuleVerdict = RuleVerdict | { readonly kind: 'stolen'; readonly device: string };

export type Outcome =
  | Way
  /** It can't be known which of these. */
  | { readonly ways: readonly Way[]; readonly why: string }
  /** It goes on, but what the statement changed can't be known. */
  | { readonly blurred: string }
  /** A copy of the packet goes elsewhere; the rule goes on. */
  | { readonly copyTo: Ip; readonly out?: string }
  | { readonly copyTo?: undefined; readonly device: string };

export function apply(ctx: NftContext, statement: Statement): Outcome {
  switch (statement.kind) {
    case 'match':
      return choice(matches(ctx, statement));
    case 'verdict':
      return wayOf(statement.verdict);
    case 'vmap':
      return verdictMap(ctx, statement.key, statement.data);
    case 'counter':
    case 'quota':
    case 'limit':
    case 'ct count':
      return runStateful(ctx, statement, statement, '') ? 'next' : 'break';
    case 'object':
      return useObject(ctx, statement);
    case 'last':
    case 'log':
      return 'next';
    case 'reject':
      return refuse(ctx, statement);
    case 'notrack':
      if (!ctx.skb.conntrack?.entry && !ctx.skb.conntrack?.template) {
        ctx.skb.conntrack = { state: 'UNTRACKED', direction: 'original' };
      }
      return 'next';
    case 'nat': {
      const nat = natRange(ctx, statement);
      if (nat === undefined) return 'break';
      if (nat === 'other family') return 'next';
      return isUnknown(nat)
        ? { verdict: { kind: 'unknown', why: nat.why } }
        : { verdict: { kind: 'nat', nat } };
    }
    case 'set': {
      const value = evaluate(ctx, statement.value);
      if (value === undefined) return 'break';
      return isValue(value) ? written(write(ctx, statement.target, value)) : { blurred: value.why };
    }
    case 'reset':
      return written(resetOption(ctx, statement.option));
    case 'update':
      return update(ctx, statement);
    case 'meter': {
      const key = evaluate(ctx, statement.key);
      if (key === undefined) return 'break';
      if (!isValue(key)) return eitherWay(key);
      return updateElement(ctx, { statements: statement.statements, slot: keyText(key) }) ? 'next' : 'break';
    }
    case 'tproxy':
      return proxy(ctx, statement);
    case 'dup':
      return duplicate(ctx, statement);
    case 'fwd':
      return forward(ctx, statement);
    case 'queue':
      return { verdict: { kind: 'queue' } };
    case 'synproxy':
      return { verdict: { kind: 'unknown', why: 'the kernel answers the handshake itself (synproxy)' } };
    case 'flow':
      return offload(ctx);
    case 'xt':
      return statement.type === 'match'
        ? eitherWay({ why: `what ${statement.name} asks for, which nft doesn't show (iptables-save)` })
        : {
            verdict: {
              kind: 'unknown',
              why: `what ${statement.name} does, which nft doesn't show (iptables-save)`,
            },
          };
    case 'unknown':
      return eitherWay(statement);
  }
}

function choice(holds: boolean | Unknown): Outcome {
  if (isUnknown(holds)) return eitherWay(holds);
  return holds ? 'next' : 'break';
}

function eitherWay({ why }: Unknown): Outcome {
  return { ways: ['next', 'break'], why };
}

function written(done: boolean | Unknown): Outcome {
  if (isUnknown(done)) return { blurred: done.why };
  return done ? 'next' : 'break';
}

function wayOf(verdict: Verdict): Way {
  switch (verdict.kind) {
    case 'continue':
      return 'next';
    case 'jump':
    case 'goto':
      return { verdict: { kind: verdict.kind, chain: verdict.chain } };
    default:
      return { verdict: { kind: verdict.kind } };
  }
}

/** An unknown key may meet any element, or none. */
function verdictMap(ctx: NftContext, key: Expression, data: Expression): Outcome {
  const found = findIn(ctx, key, data);
  if (found === undefined) return 'break';
  if (isUnknown(found)) return { ways: ['break', ...verdictsOf(ctx, data)], why: found.why };
  const verdict = verdictOf(found);
  return verdict ? wayOf(verdict) : eitherWay({ why: 'an element without a verdict' });
}

function verdictOf({ data }: Found): Verdict | undefined {
  return typeof data === 'object' && 'verdict' in data ? data.verdict : undefined;
}

function verdictsOf({ table }: NftContext, data: Expression): Way[] {
  const elements =
    data.kind === 'set'
      ? data.elements
      : data.kind === 'set-ref'
        ? (table.sets.find(({ name }) => name === data.name)?.elements ?? [])
        : [];
  const { rest } = indexOf(elements);
  const distinct = new Map<string, Verdict>();
  for (const element of rest ? [...elements, rest] : elements) {
    if (element.data?.kind === 'verdict') {
      distinct.set(JSON.stringify(element.data.verdict), element.data.verdict);
    }
  }
  return [...distinct.values()].map(wayOf);
}

/** nft_objref_eval(), nft_objref_map_eval() */
function useObject(ctx: NftContext, { object, name }: Extract<Statement, { kind: 'object' }>): Outcome {
  const named = nameOf(ctx, name);
  if (named === undefined) return 'break';
  if (typeof named !== 'string') return eitherWay(named);
  const found = ctx.table.objects.find((each) => each.kind === object && each.name === named);
  if (!found) return eitherWay({ why: `${object} ${named} is not in the dump (nft list ruleset)` });
  switch (found.kind) {
    case 'counter':
    case 'quota':
    case 'limit':
      return runStateful(ctx, found.value, found, '') ? 'next' : 'break';
    case 'ct helper': {
      const entry = ctx.skb.conntrack?.entry;
      if (entry && !entry.confirmed && entry.original.protocol === found.protocol)
        entry.helper = found.helper;
      return 'next';
    }
    case 'ct timeout':
    case 'secmark':
      return 'next';
    case 'ct expectation':
      return { blurred: 'a connection that is expected (ct expectation) is not modelled' };
    case 'synproxy':
      return { verdict: { kind: 'unknown', why: 'the kernel answers the handshake itself (synproxy)' } };
  }
}

function nameOf(ctx: NftContext, name: Expression): string | Unknown | undefined {
  if (name.kind !== 'map') {
    const value = constantOf(name);
    return typeof value === 'string' ? value : { why: 'an object that has no name' };
  }
  const found = findIn(ctx, name.key, name.data);
  if (found === undefined || isUnknown(found)) return found;
  const { data } = found;
  const value = typeof data === 'object' && 'expression' in data ? constantOf(data.expression) : data;
  return typeof value === 'string' ? value : { why: 'an object that has no name' };
}

function refuse(ctx: NftContext, statement: Extract<Statement, { kind: 'reject' }>): Outcome {
  const { skb } = ctx;
  if (statement.with === 'icmp' && skb.family !== 4) return 'break';
  if (statement.with === 'icmpv6' && skb.family !== 6) return 'break';
  if (statement.with === 'tcp reset' && upperOf(ctx).protocol !== 6) return 'break';
  return { verdict: { kind: 'reject', with: rejectWith(statement, skb.family) } };
}

function update(
  ctx: NftContext,
  { op, set: name, element }: Extract<Statement, { kind: 'update' }>,
): Outcome {
  const set = ctx.table.sets.find((each) => each.name === name);
  if (!set) return { blurred: `set ${name} is not in the dump (nft list ruleset)` };
  const key = evaluate(ctx, element.key);
  if (key === undefined) return 'break';
  if (!isValue(key)) return { blurred: key.why };
  const data = dataOf(ctx, element);
  if (data === 'absent') return 'break';
  if (data !== undefined && 'unclear' in data) return { blurred: data.unclear };
  const found = change(ctx, set, {
    op,
    key,
    ...(data === undefined ? {} : { data: data.value }),
    ...(element.timeout === undefined ? {} : { timeout: element.timeout }),
    statements: element.statements ?? [],
  });
  return found && updateElement(ctx, found) ? 'next' : 'break';
}

function dataOf(
  ctx: NftContext,
  { data }: SetElement,
):
  | { readonly value: Value | { readonly verdict: Verdict } }
  | { readonly unclear: string }
  | 'absent'
  | undefined {
  if (!data) return undefined;
  if (data.kind === 'verdict') return { value: { verdict: data.verdict } };
  const value = evaluate(ctx, data);
  if (value === undefined) return 'absent';
  return isValue(value) ? { value } : { unclear: value.why };
}

function duplicate(ctx: NftContext, { address, device }: Extract<Statement, { kind: 'dup' }>): Outcome {
  if (!address) {
    const name = device && evaluate(ctx, device);
    return typeof name === 'string'
      ? { device: name }
      : { blurred: 'a copy goes to a device that is not known' };
  }
  const to = evaluate(ctx, address);
  if (to === undefined) return 'break';
  if (typeof to !== 'bigint') return { blurred: 'a copy goes to an address that is not known' };
  const out = device && evaluate(ctx, device);
  return {
    copyTo: ctx.skb.family === 4 ? Number(to & 0xffffffffn) : to,
    ...(typeof out === 'string' ? { out } : {}),
  };
}

/** nft_tproxy_eval(): without a transparent socket there the rule ends. */
function proxy(ctx: NftContext, statement: Extract<Statement, { kind: 'tproxy' }>): Outcome {
  const { skb, namespace } = ctx;
  if (statement.family && statement.family !== (skb.family === 4 ? 'ip' : 'ip6')) return 'break';
  const address = statement.address && evaluate(ctx, statement.address);
  const port = statement.port && evaluate(ctx, statement.port);
  if ((statement.address && typeof address !== 'bigint') || (statement.port && typeof port !== 'bigint')) {
    return eitherWay({ why: 'where tproxy sends it' });
  }
  const to = typeof address === 'bigint' ? (skb.family === 4 ? Number(address) : address) : undefined;
  return choice(
    namespace.tproxy?.(skb, to, typeof port === 'bigint' ? Number(port) : undefined) ?? {
      why: 'whether a transparent socket listens for it (ss -tunape --inet-sockopt)',
    },
  );
}

/** nft_fwd_netdev_eval(); with an address, through the neighbour of that device (nft_fwd_neigh_eval()). */
function forward(ctx: NftContext, { device, address }: Extract<Statement, { kind: 'fwd' }>): Outcome {
  const name = evaluate(ctx, device);
  if (name === undefined) return 'break';
  if (typeof name !== 'string' || address) {
    return { verdict: { kind: 'unknown', why: 'the frame is sent out of another device' } };
  }
  return { verdict: { kind: 'stolen', device: name } };
}

/** nft_flow_offload_eval(): what can't be offloaded ends the rule. */
function offload({ skb }: NftContext): Outcome {
  const entry = skb.conntrack?.entry;
  const tracked = skb.conntrack?.state === 'ESTABLISHED' || skb.conntrack?.state === 'NEW';
  const { protocol } = skb;
  if (!entry?.confirmed || !tracked || (protocol !== 6 && protocol !== 17)) return 'break';
  if (protocol === 6 && entry.tcpState !== 'ESTABLISHED') return 'break';
  return {
    blurred: `later packets of the connection to ${formatIp(entry.original.destination)} pass by all other chains (flowtable)`,
  };
}
