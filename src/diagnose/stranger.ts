/** An answer that reaches the client from an address it never asked, since nothing turned the translation back. */
import { once } from '../base/memo.ts';
import type { FlowEnd, Leg, Sighting } from '../correlate/flow.ts';
import { fateOf } from '../correlate/predict.ts';
import type { Correlation } from '../correlate/scan.ts';
import { rootOf } from '../input/host.ts';
import { parseIp } from '../net/ip.ts';
import { contains, networkOf } from '../net/prefix.ts';
import { PROTOCOL } from '../net/protocol.ts';
import type { Case } from './case.ts';
import { rewrites } from './evidence.ts';

export interface Stranger {
  /** Who answered, by its own address. */
  readonly from: FlowEnd;
  /** Undefined: only the model says so, no capture shows the answer. */
  readonly answer?: Sighting;
  readonly reset?: Sighting;
  /** Where the destination was rewritten. */
  readonly translator: string;
  /** The translator has both ends on one of its links, by that name; `unknown` where its addresses weren't dumped. */
  readonly bridge: string | 'unknown' | undefined;
}

export function strangerOf(kase: Case): Stranger | undefined {
  const { flow, outcome, hypothetical } = kase;
  const near = flow.legs[0];
  if (hypothetical || outcome.status !== 'no-reply' || !near || near.reply.packets > 0) return undefined;
  const leg = answeringLeg(kase, near) ?? acknowledgingLeg(kase, near);
  if (leg) {
    const answer = leg.reply.synAck ?? leg.reply.kept[0];
    const translator = translatorOf(kase, leg.server);
    return {
      from: leg.server,
      ...(answer && { answer }),
      ...(leg.forward.rst && { reset: leg.forward.rst }),
      translator,
      bridge: sharedLink(kase, translator, leg.server),
    };
  }
  return byModel(kase);
}

/** The answer of the translated connection, at the client's own point and with the client's own address. */
function answeringLeg({ flow }: Case, near: Leg): Leg | undefined {
  return flow.legs.find(
    ({ client, server, point, reply }) =>
      client.address === flow.client.address &&
      server.address !== flow.server.address &&
      point === near.point &&
      (reply.synAck !== undefined || (flow.protocol !== PROTOCOL.tcp && reply.packets > 0)),
  );
}

/** The same where no capture shows the translated request: the SYN-ACK acknowledges this flow’s SYN. */
function acknowledgingLeg({ flow, correlation }: Case, near: Leg): Leg | undefined {
  const wanted = near.forward.syn?.sequence;
  if (wanted === undefined) return undefined;
  const other = synAcks(correlation).get(
    `${near.point} ${near.client.address} ${near.client.port} ${(wanted + 1) >>> 0}`,
  );
  return other && other.server.address !== flow.server.address ? other : undefined;
}

const synAcks = once(({ flows }: Correlation): ReadonlyMap<string, Leg> => {
  const legs = new Map<string, Leg>();
  for (const leg of flows.flatMap((flow) => flow.legs)) {
    const { synAck } = leg.reply;
    if (!synAck || leg.forward.syn) continue;
    legs.set(`${leg.point} ${leg.client.address} ${leg.client.port} ${synAck.acknowledgement}`, leg);
  }
  return legs;
});

/** The receiver was dumped, and its answer gets to the client with its own source. */
function byModel(kase: Case): Stranger | undefined {
  const { prediction, flow } = kase;
  const back = prediction?.back;
  const rewrite = prediction && rewrites(prediction.there).find(({ manip }) => manip === 'dst');
  if (!back || !rewrite || fateOf(prediction.there) !== 'delivered') return undefined;
  const source = parseIp(back.final.source);
  const arrives = fateOf(back) === 'delivered' || fateOf(back) === 'forwarded';
  if (!arrives || source === undefined || source === flow.server.address) return undefined;
  if (parseIp(back.final.destination) !== flow.client.address) return undefined;
  const from = { address: source, port: back.final.sourcePort ?? 0 };
  return { from, translator: rewrite.namespace, bridge: sharedLink(kase, rewrite.namespace, from) };
}

function translatorOf(kase: Case, server: FlowEnd): string {
  const rewrite = kase.prediction && rewrites(kase.prediction.there).find(({ manip }) => manip === 'dst');
  if (rewrite) return rewrite.namespace;
  const { legs, server: asked } = kase.flow;
  const namespaceOf = (leg: Leg) => kase.correlation.points[leg.point]?.namespace ?? rootOf('');
  const before = legs.filter((leg) => leg.server.address === asked.address && leg.forward.packets > 0);
  const after = legs.filter((leg) => leg.server.address === server.address && leg.forward.syn);
  const both = after.find((leg) => before.some((other) => namespaceOf(other) === namespaceOf(leg)));
  return both ? namespaceOf(both) : namespaceOf(legs[0] as Leg);
}

function sharedLink(kase: Case, translator: string, server: FlowEnd): Stranger['bridge'] {
  const netns = kase.snapshot.namespaces.get(translator);
  const links = (netns?.links ?? []).filter(({ inferred, addresses }) => !inferred && addresses.length > 0);
  if (links.length === 0 || netns?.addressesUnknown) return 'unknown';
  const { client } = kase.flow;
  return links.find(({ addresses }) =>
    addresses.some(({ address, length }) => {
      const network = networkOf(address, length);
      return contains(network, client.address) && contains(network, server.address);
    }),
  )?.name;
}
