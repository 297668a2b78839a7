/** nft_ct_get_eval(), net/netfilter/nft_ct.c */
import { type Unknown, unknown } from '../base/ternary.ts';
import type { Nfct, SkbConntrack } from '../skb/nfct.ts';
import type { Tuple } from '../skb/tuple.ts';
import type { NftContext } from './context.ts';
import { CT_STATE, CT_STATUS } from './datatype.ts';
import type { Expression } from './expression.ts';
import type { Loaded } from './value.ts';

type CtExpression = Extract<Expression, { kind: 'ct' }>;

/** IPS_* bits that nft has no name for, but that an exact comparison sees. */
const SRC_NAT_DONE = 128n;
const DST_NAT_DONE = 256n;
const HELPER = 8192n;

export function loadCt({ skb }: NftContext, { key, direction, family }: CtExpression): Loaded {
  const tracked = skb.conntrack;
  if (key === 'state') return stateOf(tracked);
  const entry = tracked?.entry;
  if (!tracked || !entry) return undefined;
  const tuple = direction ? entry[direction] : entry.original;
  switch (key) {
    case 'direction':
      return tracked.direction === 'original' ? 0n : 1n;
    case 'status':
      return statusOf(entry);
    case 'mark':
      return BigInt(entry.mark >>> 0);
    case 'expiration':
      return BigInt(Math.max(0, Math.round((entry.expires - skb.time) * 1000)));
    case 'helper':
      return entry.expected ? unknown('the helper of the connection that this one belongs to') : undefined;
    case 'l3proto':
      return entry.original.family === 4 ? 2n : 10n;
    case 'protocol':
      return BigInt(entry.original.protocol);
    case 'saddr':
      return address(tuple, tuple.source, family);
    case 'daddr':
      return address(tuple, tuple.destination, family);
    case 'proto-src':
      return BigInt(tuple.sourcePort);
    case 'proto-dst':
      return BigInt(tuple.destinationPort);
    case 'label':
      return labelMask(entry.labels);
    case 'packets':
      return BigInt(counted(entry.packets, direction));
    case 'bytes':
      return BigInt(counted(entry.bytes, direction));
    case 'avgpkt': {
      const packets = counted(entry.packets, direction);
      return packets === 0 ? 0n : BigInt(Math.floor(counted(entry.bytes, direction) / packets));
    }
    case 'zone':
      return BigInt(tuple.zone);
    case 'id':
      return unknown('the id that the kernel gave the connection');
    case 'secmark':
      return unknown('the security mark of the connection, which no dump shows');
    case 'event':
      return undefined;
  }
}

/** What nf_ct_get() finds on a packet that conntrack hasn't seen: its state is NEW, and no more can be asked of it. An answer to an untracked packet has but the mark of one. */
export function templateOf(tracked: SkbConntrack | undefined): SkbConntrack['template'] {
  return tracked?.state === 'NEW' ? tracked.template : undefined;
}

function stateOf(tracked: SkbConntrack | undefined): bigint {
  if (tracked?.state === 'UNTRACKED') return BigInt(CT_STATE.untracked);
  if (!tracked?.entry && !templateOf(tracked)) return BigInt(CT_STATE.invalid);
  switch (tracked?.state) {
    case 'ESTABLISHED':
      return BigInt(CT_STATE.established);
    case 'RELATED':
      return BigInt(CT_STATE.related);
    case 'NEW':
      return BigInt(CT_STATE.new);
    default:
      return BigInt(CT_STATE.invalid);
  }
}

function statusOf(entry: Nfct): bigint {
  let status = 0n;
  if (entry.expected) status |= BigInt(CT_STATUS.expected);
  if (entry.seenReply) status |= BigInt(CT_STATUS['seen-reply']);
  if (entry.assured) status |= BigInt(CT_STATUS.assured);
  if (entry.confirmed) status |= BigInt(CT_STATUS.confirmed);
  if (entry.srcNat) status |= BigInt(CT_STATUS.snat);
  if (entry.dstNat) status |= BigInt(CT_STATUS.dnat);
  if (entry.srcNatDone) status |= SRC_NAT_DONE;
  if (entry.dstNatDone) status |= DST_NAT_DONE;
  if (entry.helper !== undefined) status |= HELPER;
  return status;
}

function address({ family }: Tuple, ip: number | bigint, asked: 'ip' | 'ip6' | undefined): Loaded {
  if (asked !== undefined && (asked === 'ip') !== (family === 4)) return undefined;
  return BigInt(ip);
}

function counted(
  of: { readonly original: number; readonly reply: number },
  direction: 'original' | 'reply' | undefined,
): number {
  return direction ? of[direction] : of.original + of.reply;
}

/** Names are iptables' own: their numbers stand in a file of the host. */
function labelMask(labels: ReadonlySet<number | string>): bigint | Unknown {
  let mask = 0n;
  for (const label of labels) {
    if (typeof label === 'string')
      return unknown(`the number of label ${label} (/etc/xtables/connlabel.conf)`);
    mask |= 1n << BigInt(label);
  }
  return mask;
}
