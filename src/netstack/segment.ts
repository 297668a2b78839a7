/** Everybody a broadcast frame from an interface reaches, over wires and bridges. */
import type { Device } from './devices.ts';
import { childrenOf, lowerOf, modeOf } from './macvlan.ts';
import { deviceOf, type Net, portsOf } from './net.ts';
import type { Kernel } from './run.ts';
import { floodedTo } from './tunnel/vxlan.ts';

export interface Station {
  readonly net: Net;
  readonly device: Device;
}

export interface SegmentView {
  readonly stations: readonly Station[];
  /** Nothing leads to where no dump looks: who isn't here isn't anywhere. */
  readonly complete: boolean;
}

/** `passes`: told of every port of a bridge that the frame comes in by. */
export function exploreSegment(
  kernel: Kernel,
  net: Net,
  from: string,
  passes?: (net: Net, port: Device) => void,
): SegmentView {
  const stations: Station[] = [];
  const visited = new Set<string>();
  let complete = true;

  const emit = (owner: Net, name: string): void => {
    const device = deviceOf(owner, name);
    if (!visit(`out ${owner.name} ${name}`) || !device.up) return;
    if (device.kind === 'bridge') {
      for (const port of portsOf(owner, name)) if (isForwarding(owner, port)) emit(owner, port.name);
      return;
    }
    if (device.kind === 'loopback' || device.kind === 'dummy') return;
    const below = device.kind === 'macvlan' ? lowerOf(kernel, owner, device) : undefined;
    if (below) {
      if (modeOf(device) === 'bridge') {
        for (const sibling of childrenOf(kernel, below.net, below.device)) {
          if (sibling.device !== device && modeOf(sibling.device) === 'bridge') {
            arrive(sibling.net, sibling.device.name);
          }
        }
      }
      emit(below.net, below.device.name);
      return;
    }
    const tunnelled = device.kind === 'tunnel' ? floodedTo(owner, device, kernel.nets.values()) : undefined;
    if (tunnelled) {
      if (!tunnelled.complete) complete = false;
      for (const end of tunnelled.ends) arrive(end.net, end.name);
      return;
    }
    if (device.kind === 'vlan' && device.lower !== undefined) {
      // Who else speaks in that VLAN isn't followed.
      complete = false;
      return;
    }
    const peers = kernel.topology.peersOf({ namespace: owner.name, name });
    if (device.carrier && (peers.length === 0 || !isPointToPoint(kernel, owner, name))) complete = false;
    for (const peer of peers) {
      const other = kernel.nets.get(peer.namespace);
      if (other) arrive(other, peer.name);
      else complete = false;
    }
  };

  const arrive = (owner: Net, name: string): void => {
    if (!visit(`in ${owner.name} ${name}`)) return;
    const device = deviceOf(owner, name);
    if (owner.netns.links === undefined) complete = false;
    if (device.bridge === undefined || !device.up) {
      stations.push({ net: owner, device });
      stations.push(...childrenOf(kernel, owner, device));
      return;
    }
    if (!isForwarding(owner, device)) return;
    passes?.(owner, device);
    stations.push({ net: owner, device: deviceOf(owner, device.bridge) });
    for (const port of portsOf(owner, device.bridge)) {
      if (port.name !== name && isForwarding(owner, port) && !(port.isolated && device.isolated)) {
        emit(owner, port.name);
      }
    }
  };

  const visit = (key: string): boolean => {
    if (visited.has(key)) return false;
    visited.add(key);
    return true;
  };

  emit(net, from);
  return { stations, complete };
}

/** A veth pair that the kernel's indexes prove. What only a MAC, an address or Docker joins may have others on the same link. */
export function isPointToPoint(kernel: Kernel, net: Net, name: string): boolean {
  return kernel.topology.wires.some(
    ({ by, ends }) => by === 'ifindex' && ends.some((end) => end.namespace === net.name && end.name === name),
  );
}

/** Port and bridge up, and spanning tree lets it learn from frames, if not pass them. */
export function mayLearn(net: Net, port: Device): boolean {
  return isForwarding(net, port) || (isUpWithBridge(net, port) && port.port?.state === 'learning');
}

function isUpWithBridge(net: Net, port: Device): boolean {
  return port.up && (port.bridge === undefined || deviceOf(net, port.bridge).up);
}

/** Port and bridge up, and spanning tree lets it pass frames. */
export function isForwarding(net: Net, port: Device): boolean {
  if (!isUpWithBridge(net, port)) return false;
  return port.port?.state === undefined || port.port.state === 'forwarding';
}
