/** Hooks below the IP layer: nf_hook() of bridges (NFPROTO_BRIDGE), nf_ingress() and nf_hook_egress() of devices. */
import type { Copy, Run } from '../run.ts';
import { bridgeBases, deviceBases, type NftBase } from './nft-chains.ts';
import { runNft } from './nft-hook.ts';

const ETHERNET_LENGTH = 14;

/** Priorities that br_netfilter shows frames to iptables at; in postrouting it is the last. */
export const BR_NETFILTER = { prerouting: 0, forward: -1 } as const;

interface FrameDevices {
  readonly in?: string | undefined;
  readonly out?: string | undefined;
}

/** Of priorities above `after` and up to `upTo`: br_netfilter stands in between. False: the frame ended here. */
export function runBridgeHook(
  run: Run,
  copy: Copy,
  hook: 'prerouting' | 'input' | 'forward' | 'output' | 'postrouting',
  devices: FrameDevices,
  { after = Number.NEGATIVE_INFINITY, upTo = Number.POSITIVE_INFINITY } = {},
): boolean {
  const bases = bridgeBases(copy.net.nft, hook).filter(
    ({ base }) => base.priority > after && base.priority <= upTo,
  );
  return runAll(run, copy, bases, devices, () => 'bridge', 0);
}

/** A frame has arrived on a device, seen by captures, and by nothing else yet. */
export function runIngress(run: Run, copy: Copy, device: string): boolean {
  const pf = copy.skb.family === 4 ? 'ip' : 'ip6';
  const bases = deviceBases(copy.net.nft, device, 'ingress');
  return runAll(
    run,
    copy,
    bases,
    { in: device },
    ({ table }) => (table.family === 'inet' ? pf : 'netdev'),
    0,
  );
}

/** A frame leaves by a device, with its link-layer header, before captures see it. */
export function runEgress(run: Run, copy: Copy, device: string): boolean {
  const bases = deviceBases(copy.net.nft, device, 'egress');
  return runAll(run, copy, bases, { out: device }, () => 'netdev', ETHERNET_LENGTH);
}

function runAll(
  run: Run,
  copy: Copy,
  bases: readonly NftBase[],
  devices: FrameDevices,
  pfOf: (base: NftBase) => 'ip' | 'ip6' | 'bridge' | 'netdev',
  extra: number,
): boolean {
  if (bases.length === 0) return true;
  const { skb } = copy;
  const before = { in: skb.in, out: skb.out };
  Object.assign(skb, { in: devices.in, out: devices.out });
  const passed = bases.every((base) => runNft(run, copy, pfOf(base), base, { extra }));
  Object.assign(skb, before);
  return passed;
}
