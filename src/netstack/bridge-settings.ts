/** struct net_bridge, as far as frames meet it: what `ip -d link` says of a bridge, with the kernel's defaults (br_device.c). */
import type { Device } from './devices.ts';

export interface BridgeSettings {
  readonly stp: boolean;
  /** Seconds that a learned entry lives; 0: nothing is learned. */
  readonly ageing: number;
  /** Bit N lets frames to 01:80:c2:00:00:0N through. */
  readonly groupFwdMask: number;
  readonly learnsLinkLocal: boolean;
  readonly vlanFiltering: boolean;
  /** EtherType of its tags. */
  readonly vlanProtocol: number;
  /** 0: none. */
  readonly defaultPvid: number;
  readonly snooping: boolean;
  readonly querier: boolean;
  /** The bridge itself as a multicast router: 0 never, 1 as it is learned, 2 always. */
  readonly mcastRouter: number;
  readonly callsIptables: boolean;
  readonly callsIp6tables: boolean;
}

const SETTINGS = new WeakMap<Device, BridgeSettings>();

export function bridgeSettings(bridge: Device): BridgeSettings {
  const known = SETTINGS.get(bridge);
  if (known) return known;
  const data = bridge.link.kindData ?? {};
  const settings: BridgeSettings = {
    stp: numberOf(data.stp_state, 0) !== 0,
    // Times are printed in hundredths of a second.
    ageing: numberOf(data.ageing_time, 30_000) / 100,
    groupFwdMask: maskOf(data.group_fwd_mask),
    learnsLinkLocal: numberOf(data.no_linklocal_learn, 0) === 0,
    vlanFiltering: numberOf(data.vlan_filtering, 0) !== 0,
    vlanProtocol: data.vlan_protocol === '802.1ad' ? 0x88a8 : 0x8100,
    defaultPvid: numberOf(data.vlan_default_pvid, 1),
    snooping: numberOf(data.mcast_snooping, 1) !== 0,
    querier: numberOf(data.mcast_querier, 0) !== 0,
    mcastRouter: numberOf(data.mcast_router, 1),
    callsIptables: numberOf(data.nf_call_iptables, 0) !== 0,
    callsIp6tables: numberOf(data.nf_call_ip6tables, 0) !== 0,
  };
  SETTINGS.set(bridge, settings);
  return settings;
}

function numberOf(value: unknown, otherwise: number): number {
  if (typeof value === 'boolean') return Number(value);
  const number = Number(value ?? Number.NaN);
  return Number.isFinite(number) ? number : otherwise;
}

/** Printed in hexadecimal, with 0x or without. */
function maskOf(value: unknown): number {
  const mask = Number.parseInt(String(value ?? 0), 16);
  return Number.isFinite(mask) ? mask : 0;
}
