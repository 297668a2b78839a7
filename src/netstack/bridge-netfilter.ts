/** iptables on bridged packets: net/bridge/br_netfilter_hooks.c. */
import { formatIp } from '../net/ip.ts';
import type { Skb } from '../skb/skb.ts';
import type { Hook } from '../xtables/rule.ts';
import { bridgeSettings } from './bridge-settings.ts';
import type { Device } from './devices.ts';
import type { Net } from './net.ts';
import { type HookDevices, runHook } from './netfilter/hook.ts';
import { resolve } from './output.ts';
import type { RouteDrop } from './route.ts';
import { routeInput } from './route-input.ts';
import { addStep, type Copy, endCopy, hopOf, type Run } from './run.ts';

/** For iptables a frame to another station's MAC is one for the host, as long as it looks. */
export function runBridged(run: Run, copy: Copy, hook: Hook, devices: HookDevices): boolean {
  const { skb } = copy;
  const isOther = skb.packetType === 'otherhost';
  if (isOther) skb.packetType = 'host';
  const passed = runHook(run, copy, hook, devices);
  if (isOther) skb.packetType = 'otherhost';
  return passed;
}

/** IS_IP() and is_vlan_ip(): with a tag it is an IP packet only where that is asked for, and never with two. */
export function seesPacket(net: Net, { vlans }: Skb): boolean {
  if (vlans.length === 0) return true;
  return vlans.length === 1 && isOn(net, 'net.bridge.bridge-nf-filter-vlan-tagged');
}

function isOn(net: Net, name: string): boolean {
  return Number(net.sysctl(name)?.value ?? 0) !== 0;
}

/** bridge-nf-call-iptables, of the namespace or of this bridge. */
export function callsIptables(run: Run, net: Net, bridge: Device, { skb }: Copy): boolean {
  if (!seesPacket(net, skb)) return false;
  const settings = bridgeSettings(bridge);
  const leaf = skb.family === 4 ? 'iptables' : 'ip6tables';
  if (skb.family === 4 ? settings.callsIptables : settings.callsIp6tables) return true;
  const name = `net.bridge.bridge-nf-call-${leaf}`;
  const setting = net.sysctl(name);
  const tables = net.tables[skb.family];
  const matters = tables.tracks || tables.rulesets.some((ruleset) => ruleset.tables.size > 0);
  if (setting?.assumed !== undefined && matters) {
    run.assumptions.add(`${net.name}: ${name} was not dumped; taken as ${setting.value}`);
  }
  return Number(setting?.value ?? 0) !== 0;
}

/**
 * br_nf_pre_routing_finish() and br_nf_pre_routing_finish_ipv6(): the destination was translated. Back onto the same bridge it stays
 * a bridged frame, to the new owner's MAC; anything else goes up to be routed. False: ended here.
 */
export function redirected(run: Run, copy: Copy, bridge: Device): boolean {
  const { net, skb } = copy;
  const input = routeInput(net, skb, bridge.name, true);
  if (input.kind === 'drop' && isLostBelow(skb, input)) {
    addStep(run, copy, input.step);
    endCopy(run, copy, {
      verdict: 'dropped',
      cause: input.cause,
      reason: input.reason,
      text: input.text,
      ...(input.sysctl === undefined ? {} : { sysctl: input.sysctl }),
    });
    return false;
  }
  const out = input.kind === 'ok' ? input.destination : input.unforwarded;
  if (copy.bridge) copy.bridge.rerouted = true;
  if (out && out.kind !== 'local' && out.out === bridge.name) {
    copy.dst = out;
    hopOf(run, copy).nexthop = formatIp(out.nexthop);
    skb.etherDestination = undefined;
    return resolve(run, copy, bridge);
  }
  skb.etherDestination = bridge.mac;
  skb.packetType = 'host';
  return true;
}

/** IPv4 passes up what has no route or isn't forwarded, to be refused there; IPv6 frees whatever has no route. */
function isLostBelow({ family }: Skb, { step, unforwarded }: RouteDrop): boolean {
  return family === 4 ? step.decision === 'martian' : unforwarded === undefined;
}
