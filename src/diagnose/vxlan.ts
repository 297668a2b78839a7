import type { Flow } from '../correlate/flow.ts';
import type { FdbEntry, Link } from '../dump/records.ts';
import { VXLAN_PORTS } from '../header/vxlan.ts';
import type { Mac } from '../net/mac.ts';
import { PROTOCOL } from '../net/protocol.ts';
import type { Netns } from '../snapshot/snapshot.ts';
import type { Scene } from './case.ts';

/** Where a VXLAN device sends frames for that address: an entry of its own, one for all others (all zeroes), or a fixed remote. */
export function remotesOf(
  netns: Netns,
  link: Link,
  mac: Mac,
): { known: boolean; entry?: FdbEntry; fixed: boolean } {
  const own = (netns.fdb ?? []).filter(({ dev, remote }) => dev === link.name && remote !== undefined);
  // All zeroes: for whatever has no entry of its own.
  const entry =
    own.find((candidate) => candidate.mac === mac) ?? own.find((candidate) => candidate.mac === 0);
  const data = link.kindData ?? {};
  const fixed =
    data.remote !== undefined ||
    data.group !== undefined ||
    data.remote6 !== undefined ||
    data.group6 !== undefined;
  return { known: netns.fdb !== undefined, fixed, ...(entry && { entry }) };
}

/** What wraps frames of that device, in the captures. */
export function outerFlows(scene: Scene, link: Link): Flow[] {
  const port = Number(link.kindData?.port ?? 0);
  const ports = port > 0 ? [port] : VXLAN_PORTS;
  return scene.correlation.flows.filter(
    ({ protocol, server }) => protocol === PROTOCOL.udp && ports.includes(server.port),
  );
}
