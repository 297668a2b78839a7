/** nft_fib4_eval(), net/ipv4/netfilter/nft_fib_ipv4.c; nft_fib6_eval(), net/ipv6/netfilter/nft_fib_ipv6.c. */
import { isUnknown } from '../base/ternary.ts';
import { destinationOf, sourceOf, tosOf } from '../xtables/packet.ts';
import type { NftContext } from './context.ts';
import type { Expression } from './expression.ts';
import type { Loaded } from './value.ts';

type Fib = Extract<Expression, { kind: 'fib' }>;

/** A device's name for `oif` and `oifname`, empty when no route leads there; `check` asks only whether one does. */
export function loadFib(ctx: NftContext, { flags, result }: Fib): Loaded {
  const { skb, namespace } = ctx;
  const of = (flag: Fib['flags'][number]) => flags.includes(flag);
  const device = of('oif') ? skb.out : of('iif') ? skb.in : undefined;
  const [source, destination] = [sourceOf(skb), destinationOf(skb)];
  const asked = of('daddr') ? destination : source;
  if (result === 'type') {
    const type = namespace.fibType(asked, device);
    return typeof type === 'number' ? BigInt(type) : type;
  }
  const found = isOwnLoop(ctx)
    ? (skb.in ?? '')
    : isUnaddressed(source, destination)
      ? (skb.in ?? '')
      : namespace.fibDevice({
          destination: asked,
          source: of('daddr') ? source : destination,
          mark: of('mark') ? skb.mark : 0,
          tos: skb.family === 4 ? tosOf(skb) : 0,
          ...(device === undefined ? {} : { device }),
        });
  if (isUnknown(found)) return found;
  return result === 'check' ? (found === '' ? 0n : 1n) : found;
}

/** nft_fib_can_skip(): what came from this host passes any check of its source, and is there already. */
function isOwnLoop({ hook, skb }: NftContext): boolean {
  const arriving = hook === 'prerouting' || hook === 'ingress' || hook === 'input';
  return arriving && (skb.in === 'lo' || skb.packetType === 'loopback');
}

/** A host that has no address yet asks everybody. */
function isUnaddressed(source: number | bigint, destination: number | bigint): boolean {
  if (typeof source !== 'number' || typeof destination !== 'number') return false;
  return source >>> 24 === 0 && (destination === 0xffffffff || destination >>> 8 === 0xe00000);
}
