/** Statements that remember: nft_limit.c, nft_quota.c, nft_connlimit.c, nft_counter.c, in rules, objects and elements of sets. */
import type { Nfct } from '../skb/nfct.ts';
import type { NftContext } from './context.ts';
import type { Found } from './lookup.ts';
import { recordOf } from './state.ts';
import type { ConnectionLimit, Counter, Limit, Quota, Statement } from './statement.ts';

/** False: the rule ends here (NFT_BREAK). `owner` and `slot` tell where the state is kept. */
export function runStateful(
  ctx: NftContext,
  statement: Counter | Quota | Limit | ConnectionLimit,
  owner: object,
  slot: string,
): boolean {
  switch (statement.kind) {
    case 'counter':
      count(ctx, owner, slot);
      return true;
    case 'limit':
      return limit(ctx, statement, owner, slot);
    case 'quota':
      return quota(ctx, statement, owner, slot);
    case 'ct count':
      return connectionCount(ctx, statement, owner, slot);
  }
}

/** nft_set_elem_update_expr(): what an element carries is run when it is met, up to the first that ends the rule. */
export function updateElement(ctx: NftContext, { statements, slot }: Found): boolean {
  return statements.every(
    (statement) => !isStateful(statement) || runStateful(ctx, statement, statement, slot),
  );
}

export function isStateful(statement: Statement): statement is Counter | Quota | Limit | ConnectionLimit {
  const { kind } = statement;
  return kind === 'counter' || kind === 'limit' || kind === 'quota' || kind === 'ct count';
}

function lengthOf({ skb, extra }: NftContext): number {
  return skb.length + extra;
}

function count(ctx: NftContext, owner: object, slot: string): void {
  const record = recordOf(ctx.state, owner, slot, () => ({ packets: 0, bytes: 0 }));
  record.packets++;
  record.bytes += lengthOf(ctx);
}

/** Tokens are nanoseconds; a bucket begins full. Rates of bytes hold a burst beyond their rate. */
function limit(ctx: NftContext, of: Limit, owner: object, slot: string): boolean {
  const unit = of.per * 1e9;
  const inPackets = of.unit === 'packets';
  const most = inPackets
    ? Math.floor(unit / of.rate) * (of.burst || DEFAULT_BURST)
    : Math.floor((unit * (of.rate + of.burst)) / of.rate);
  const cost = Math.floor(inPackets ? unit / of.rate : (unit * lengthOf(ctx)) / of.rate);
  const { time } = ctx.skb;
  const record = recordOf(ctx.state, owner, slot, () => ({ tokens: most, last: time }));
  const passed = Math.max(0, Math.round((time - record.last) * 1e9));
  record.tokens = Math.min(most, record.tokens + passed);
  record.last = Math.max(record.last, time);
  if (record.tokens < cost) return of.over;
  record.tokens -= cost;
  return !of.over;
}

const DEFAULT_BURST = 5;

function quota(ctx: NftContext, of: Quota, owner: object, slot: string): boolean {
  const record = recordOf(ctx.state, owner, slot, () => ({ used: of.used ?? 0 }));
  record.used += lengthOf(ctx);
  return record.used > of.bytes === of.over;
}

/** nf_conncount_add(): connections whose packets came by, without those that are over or never came to be. */
function connectionCount(ctx: NftContext, of: ConnectionLimit, owner: object, slot: string): boolean {
  const { skb } = ctx;
  const record = recordOf(ctx.state, owner, slot, (): { seen: readonly Nfct[] } => ({ seen: [] }));
  const entry = skb.conntrack?.entry;
  const alive = record.seen.filter((each) => each !== entry && each.confirmed && !isOver(each, skb.time));
  record.seen = entry ? [...alive, entry] : alive;
  const found = entry ? record.seen.length : record.seen.length + 1;
  return found > of.count === of.over;
}

function isOver(entry: Nfct & { readonly dead?: boolean }, time: number): boolean {
  if (entry.dead) return true;
  return entry.tcpState === 'TIME_WAIT' || entry.tcpState === 'CLOSE' || entry.expires <= time;
}
