/** nft_meta_get_eval(), net/netfilter/nft_meta.c, and nft_meta_bridge.c. */
import { isUnknown, type Unknown, unknown } from '../base/ternary.ts';
import { destinationOf } from '../xtables/packet.ts';
import { currentDevice, type DeviceView, type NftContext } from './context.ts';
import type { MetaKey } from './keys.ts';
import { upperOf } from './payload.ts';
import type { Loaded } from './value.ts';

const PROTOCOL_FAMILY = { ip: 2n, ip6: 10n, bridge: 7n, netdev: 5n } as const;

export function loadMeta(ctx: NftContext, key: MetaKey): Loaded {
  const { skb, namespace } = ctx;
  switch (key) {
    case 'length':
      return BigInt(skb.length + ctx.extra);
    case 'protocol':
      return skb.family === 4 ? 0x0800n : 0x86ddn;
    case 'nfproto':
      return PROTOCOL_FAMILY[ctx.pf];
    case 'l4proto': {
      const { protocol, problem } = upperOf(ctx);
      if (protocol >= 0) return BigInt(protocol);
      return isUnknown(problem) ? problem : undefined;
    }
    case 'priority':
      return BigInt(skb.priority >>> 0);
    case 'mark':
      return BigInt(skb.mark >>> 0);
    case 'iif':
    case 'iifname':
      return skb.in ?? '';
    case 'oif':
    case 'oifname':
      return skb.out ?? '';
    case 'iiftype':
      return ofDevice(ctx, currentDevice(ctx), ({ type }) => type);
    case 'oiftype':
      return ofDevice(ctx, skb.out, ({ type }) => type);
    case 'iifgroup':
      return skb.in === undefined ? undefined : numeric(namespace.deviceGroup(skb.in));
    case 'oifgroup':
      return skb.out === undefined ? undefined : numeric(namespace.deviceGroup(skb.out));
    case 'iifkind':
      return skb.in === undefined ? undefined : namespace.device(skb.in).kind;
    case 'oifkind':
      return skb.out === undefined ? undefined : namespace.device(skb.out).kind;
    case 'sdif':
    case 'sdifname':
      return '';
    case 'ibrname':
      return skb.in === undefined ? '' : (namespace.device(skb.in).bridge ?? '');
    case 'obrname':
      return skb.out === undefined ? '' : (namespace.device(skb.out).bridge ?? '');
    case 'pkttype':
      return packetType(ctx);
    case 'skuid':
      return ofSocket(ctx, 'uid');
    case 'skgid':
      return ofSocket(ctx, 'gid');
    case 'ipsec':
    case 'secpath':
      return 0n;
    case 'time':
      return BigInt(Math.round(skb.time * 1e6)) * 1000n;
    case 'day':
      return BigInt((Math.floor(skb.time / 86400) + 4) % 7);
    case 'hour':
      return BigInt(Math.floor(skb.time) % 86400);
    case 'cpu':
      return unknown('which processor handles the packet');
    case 'random':
      return unknown('the kernel draws a random number');
    case 'nftrace':
      return 0n;
    case 'rtclassid':
      return ctx.route ? numeric(namespace.realms()) : undefined;
    case 'cgroup':
      return skb.local ? unknown('the cgroup of the process that sent the packet') : undefined;
    case 'secmark':
      return unknown('the security mark, which no dump shows');
    case 'ibrpvid':
    case 'ibrvproto':
    case 'ibrhwaddr':
    case 'broute':
      return unknown(`meta ${key}, which is not modelled`);
  }
}

function ofDevice(
  { namespace }: NftContext,
  name: string | undefined,
  read: (device: DeviceView) => number | Unknown,
): Loaded {
  if (name === undefined) return undefined;
  return numeric(read(namespace.device(name)));
}

function numeric(value: number | Unknown): Loaded {
  return typeof value === 'number' ? BigInt(value) : value;
}

/** What comes back to its sender is of the type that its address says (nft_meta_get_eval_pkttype_lo()). */
function packetType({ skb }: NftContext): Loaded {
  switch (skb.packetType) {
    case 'host':
      return 0n;
    case 'broadcast':
      return 1n;
    case 'multicast':
      return 2n;
    case 'otherhost':
      return 3n;
    case 'outgoing':
      return 4n;
    case 'loopback': {
      const destination = destinationOf(skb);
      return typeof destination === 'bigint' || destination >>> 28 === 14 ? 2n : 1n;
    }
  }
}

/** Forwarded packets have no socket; in input, early demultiplexing may have found the receiver's. */
function ofSocket({ skb, hook }: NftContext, key: 'uid' | 'gid'): Loaded {
  // Without a file behind it, a socket is nobody's.
  if (skb.local && skb.kernelSocket !== undefined) return undefined;
  if (!skb.local) {
    return hook === 'input'
      ? unknown('the socket that the packet is for (ss -tunap on the host)')
      : undefined;
  }
  const id = skb.owner?.[key];
  return id === undefined
    ? unknown('which process sent the packet (capture does not say; see ss -tunap on the host)')
    : BigInt(id);
}
