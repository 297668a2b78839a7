import type { FlowEnd } from '../correlate/flow.ts';
import { isLoopback, ownersOf } from '../correlate/owner.ts';
import type { AnalyzeResult } from '../diagnose/analyze.ts';
import { hostOf } from '../input/host.ts';
import { formatIp } from '../net/ip.ts';
import { hasPorts } from '../net/protocol.ts';
import type { Endpoint } from './analysis.ts';

/** An end of a flow, with whose it is. `index`: the point nearest to the flow's client; of addresses that several hosts have it tells which is meant. */
export function endpoint(
  { scene }: AnalyzeResult,
  protocol: number,
  index: number | undefined,
  end: FlowEnd,
): Endpoint {
  const owners = ownersOf(scene.snapshot, end.address);
  const point = scene.correlation.points[index ?? -1];
  const owner = owners.find(({ netns }) => netns.host === hostOf(point?.namespace ?? '')) ?? owners[0];
  const namespace = owner?.netns.name ?? (isLoopback(end.address) ? point?.namespace : undefined);
  const container = owner?.netns.container;
  return {
    address: formatIp(end.address),
    ...(hasPorts(protocol) && { port: end.port }),
    ...(namespace !== undefined && { namespace }),
    ...(container !== undefined && { name: container }),
  };
}
