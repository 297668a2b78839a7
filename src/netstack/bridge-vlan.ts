/** VLAN filtering: br_allowed_ingress(), br_allowed_egress() and br_handle_vlan(), net/bridge/br_vlan.c. */
import type { BridgeVlan } from '../dump/records.ts';
import { bridgeSettings } from './bridge-settings.ts';
import type { Device } from './devices.ts';
import type { Net } from './net.ts';

/** What a frame is inside the bridge: its VLAN (0 without filtering), and its tags, that VLAN's first. */
export interface Classified {
  readonly vid: number;
  readonly vlans: readonly number[];
  /** Spanning tree's state in this VLAN, where it has one of its own. */
  readonly state?: string;
}

type Member = Pick<BridgeVlan, 'pvid' | 'untagged' | 'state'>;
type Vlans = ReadonlyMap<number, Member>;

const VLANS = new WeakMap<Net, Map<string, Vlans>>();

/** VLANs of a port, or of the bridge itself; undumped ones are those that a new port gets (vlan_default_pvid). */
export function vlansOf(net: Net, bridge: Device, name: string): Vlans {
  const cache = VLANS.get(net) ?? new Map<string, Vlans>();
  VLANS.set(net, cache);
  const known = cache.get(name);
  if (known) return known;
  const { defaultPvid } = bridgeSettings(bridge);
  const entries = net.netns.bridgeVlans?.filter(({ dev }) => dev === name);
  const vlans = new Map<number, Member>();
  for (const entry of entries ?? []) vlans.set(entry.vid, entry);
  if (!entries && defaultPvid !== 0) vlans.set(defaultPvid, { pvid: true, untagged: true });
  cache.set(name, vlans);
  return vlans;
}

/** `name`: the port it came in by, or the bridge for what the host sends. Undefined: the frame may not enter. */
export function allowedIngress(
  net: Net,
  bridge: Device,
  name: string,
  tags: readonly number[],
): Classified | undefined {
  if (!bridgeSettings(bridge).vlanFiltering) return { vid: 0, vlans: tags };
  const vlans = vlansOf(net, bridge, name);
  const [first, ...rest] = tags;
  const tagged = first !== undefined && first !== 0;
  const vid = tagged ? first : [...vlans].find(([, { pvid }]) => pvid)?.[0];
  const entry = vid === undefined ? undefined : vlans.get(vid);
  if (vid === undefined || !entry) return undefined;
  if (entry.state === 'disabled' || entry.state === 'blocking' || entry.state === 'listening')
    return undefined;
  // A priority tag becomes the VLAN's; what had none gets one.
  const inner = first === undefined ? [] : rest;
  return { vid, vlans: [vid, ...inner], ...(entry.state === undefined ? {} : { state: entry.state }) };
}

/** The tags it leaves with by that port (or up to the bridge itself); undefined: not by that one. */
export function allowedEgress(
  net: Net,
  bridge: Device,
  name: string,
  { vid, vlans }: Classified,
): readonly number[] | undefined {
  if (!bridgeSettings(bridge).vlanFiltering) return vlans;
  const entry = vlansOf(net, bridge, name).get(vid);
  if (!entry || (entry.state !== undefined && entry.state !== 'forwarding')) return undefined;
  return entry.untagged ? vlans.slice(1) : vlans;
}
