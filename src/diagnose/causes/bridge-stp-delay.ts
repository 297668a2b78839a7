import type { Link } from '../../dump/records.ts';
import { formatIp } from '../../net/ip.ts';
import { type Case, type ModelDrop, netnsOf } from '../case.ts';
import { gapCause } from '../gap-cause.ts';
import { nameOf } from '../words.ts';

/** br_make_forwarding() and br_forward_delay_timer_expired(), net/bridge/br_stp.c and br_stp_timer.c */
export const bridgeStpDelay = gapCause({
  id: 'bridge-stp-delay',
  from: ['neigh-failed', 'route-wrong-gateway'],
  title: 'Spanning tree holds the port back',
  severity: 'error',
  page: () => ({
    symptom: 'Nothing for the first 30 seconds after a container or VM starts, then everything works.',
    mechanism:
      'With spanning tree on, a port that comes up listens for forward_delay (15 seconds by default) and learns for as long again before it forwards. Until then every frame that comes in by it is dropped, ARP and DHCP included.',
    check: 'bridge link (state listening, learning); ip -d link show BRIDGE (stp_state, forward_delay)',
    proof:
      'ARP requests or packets are on the port and never on the bridge; the port’s state is listening or learning, or the same requests are answered half a minute later with nothing changed.',
    refutation: 'The port’s state is forwarding, or a frame that came in by it is seen on the bridge.',
    settledBy: ['bridge link show', 'ip -d link show type bridge'],
    repair:
      'Where there can be no loop, switch spanning tree off, or shorten forward_delay (with spanning tree on, 2 seconds is the least the kernel takes). A port that listens already goes on doing so until its timer ends, or it is set down and up.',
    references: [
      'net/bridge/br_input.c: br_handle_frame(), br_handle_frame_finish(), drop reason BRIDGE_INGRESS_STP_STATE',
      'net/bridge/br_stp.c: br_make_forwarding()',
      'IEEE 802.1D-1998, section 8.4',
      'moby/moby#49364',
      'systemd/systemd#1170',
    ],
  }),
  tell(kase, drop) {
    const waiting = waitingPort(kase, drop);
    if (!waiting) return undefined;
    const { port, bridge, namespace } = waiting;
    const state = port.port?.state;
    const delay = Number(bridge?.kindData?.forward_delay ?? 0) / 100;
    const { path, line } = port.port?.span ?? port.span;
    return {
      title: `${port.name}, a port of ${port.master} in ${nameOf(kase, namespace)}, is still ${state}: spanning tree does not let it forward yet`,
      explanation:
        `${port.name} came up a short while ago, and ${port.master} runs spanning tree. Such a port listens and learns for forward_delay each` +
        `${delay > 0 ? ` (${delay} seconds here)` : ' (15 seconds by default)'}; until then the bridge drops what comes in by it, ARP first of all. It heals by itself.`,
      namespace,
      interface: port.name,
      evidence: [
        { path, line, text: `${port.name}: state ${state}` },
        ...(bridge
          ? [
              {
                path: bridge.span.path,
                line: bridge.span.line,
                text: `${bridge.name}: stp_state ${bridge.kindData?.stp_state ?? 'not shown'}, forward_delay ${bridge.kindData?.forward_delay ?? 'not shown'}`,
              },
            ]
          : []),
      ],
      fix: [
        { namespace, text: `ip link set ${port.master} type bridge stp_state 0` },
        { namespace, text: `ip link set ${port.name} down` },
        { namespace, text: `ip link set ${port.name} up` },
      ],
      effect: 'Only where the bridge can be part of no loop; or wait until the port forwards.',
    };
  },
});

/** The port that waits: the one the frame came in by, or the one that leads to whoever asks or is asked. */
function waitingPort(
  kase: Case,
  drop: ModelDrop,
): { port: Link; bridge: Link | undefined; namespace: string } | undefined {
  const last = drop.trace.hops.at(-1);
  for (const netns of kase.snapshot.namespaces.values()) {
    for (const port of netns.links ?? []) {
      const { state } = port.port ?? {};
      if (state !== 'listening' && state !== 'learning') continue;
      const own = netns.name === drop.namespace && (last?.physin ?? last?.in) === port.name;
      const out = netns.name === drop.namespace && last?.out === port.master;
      const asks = kase.topology
        .peersOf({ namespace: netns.name, name: port.name })
        .some(({ namespace }) => namespace === drop.namespace || owns(kase, namespace, drop));
      if (!own && !asks && !(out && drop.cause === 'bridge-stp-delay')) continue;
      return {
        port,
        bridge: netns.links?.find(({ name }) => name === port.master),
        namespace: netns.name,
      };
    }
  }
  return undefined;
}

function owns(kase: Case, namespace: string, drop: ModelDrop): boolean {
  const target = drop.trace.hops.at(-1)?.nexthop ?? drop.trace.final.destination;
  return (netnsOf(kase, namespace)?.links ?? []).some((link) =>
    link.addresses.some(({ address }) => formatIp(address) === target),
  );
}
