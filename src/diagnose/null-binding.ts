/**
 * A connection without translation although the rules have one for it: nf_nat_inet_fn() asks the rules for a connection's first
 * packet only, and nf_nat_alloc_null_binding() settles what they didn't say, for as long as the entry lives.
 */
import type { Sighting } from '../correlate/flow.ts';
import { formatIp } from '../net/ip.ts';
import { PROTOCOL } from '../net/protocol.ts';
import type { Case } from './case.ts';
import { describeSighting, seenAt } from './evidence.ts';
import type { Evidence } from './finding.ts';
import { limitsOnTheWay } from './limits.ts';
import {
  assumedIn,
  conntrackKnown,
  entryEvidence,
  isFailing,
  newOnePasses,
  type Remembered,
  rememberedBy,
  ruleLine,
  type Translation,
  translationIn,
} from './remembered.ts';

export interface NullBinding {
  readonly namespace: string;
  readonly translation: Translation;
  /** The entry, where conntrack was dumped. */
  readonly held?: Remembered;
  /** The packet where it should have been translated and wasn't. */
  readonly seen?: Sighting;
  /** A packet of another flow that the same rule did translate, while this one went on as it was. */
  readonly other?: Sighting;
  readonly confidence: number;
  readonly evidence: readonly Evidence[];
}

/** The first namespace on the way whose rules would translate a new flow, and that left this one alone. */
export function nullBinding(kase: Case, manip: 'src' | 'dst'): NullBinding | undefined {
  const { prediction, hypothetical } = kase;
  if (!prediction || hypothetical || !isFailing(kase) || !newOnePasses(kase)) return undefined;
  for (const { namespace } of prediction.there.hops) {
    const translation = translationIn(kase, namespace, manip);
    if (!translation || isTranslated(kase, translation)) continue;
    const held = rememberedBy(kase).find((each) => each.namespace === namespace);
    if (held ? held.dump.entry[manip === 'src' ? 'srcNat' : 'dstNat'] : conntrackKnown(kase, namespace))
      continue;
    const seen = untranslated(kase, namespace, manip);
    if (!held && (!seen || isNewHere(kase))) continue;
    const other = translatedAlike(kase, translation);
    return {
      namespace,
      translation,
      ...(held && { held }),
      ...(seen && { seen }),
      ...(other && { other }),
      confidence: confidenceOf(
        assumedIn(kase, namespace),
        held !== undefined,
        seen !== undefined,
        other !== undefined,
      ),
      evidence: [
        ...(held ? [entryEvidence(held)] : []),
        ...ruleLine(translation),
        ...(seen
          ? [seenAt(kase, seen, `${describeSighting(seen)}: not translated, as the rule would have it`)]
          : []),
        ...(other
          ? [seenAt(kase, other, `${describeSighting(other)}: another flow, which the rule did translate`)]
          : []),
      ],
    };
  }
  return undefined;
}

/** A connection that begins before our eyes is not older than a rule; and where a limit may have stopped it, nothing is said by its end. */
function isNewHere(kase: Case): boolean {
  const { flow } = kase;
  return (flow.protocol === PROTOCOL.tcp && flow.begun) || limitsOnTheWay(kase).length > 0;
}

function confidenceOf(assumed: number, held: boolean, seen: boolean, other: boolean): number {
  // Without the table, rules that were changed after the capture look just the same.
  if (!held) return (other ? 0.58 : 0.5) - assumed;
  return (seen ? 0.96 : 0.85) - assumed;
}

/** The flow was seen with the address or port that the rule gives. */
function isTranslated({ flow }: Case, { manip, to }: Translation): boolean {
  return flow.legs.some(
    ({ client, server, forward }) =>
      forward.packets > 0 && isEnd(to, manip === 'src' ? client : server, manip === 'dst'),
  );
}

function isEnd(to: string, end: { address: number | bigint; port: number }, withPort: boolean): boolean {
  const text = formatIp(end.address);
  const bracketed = text.includes(':') ? `[${text}]` : text;
  return withPort
    ? to === `${bracketed}:${end.port}` || to === text
    : to === text || to.startsWith(`${bracketed}:`);
}

/** Of the source: the packet where it leaves. Of the destination: the packet where it comes in, when it wasn't seen going on. */
function untranslated(kase: Case, namespace: string, manip: 'src' | 'dst'): Sighting | undefined {
  const { flow, prediction, correlation } = kase;
  const direction = manip === 'src' ? 'out' : 'in';
  const devices = (prediction?.there.taps ?? [])
    .filter((tap) => tap.namespace === namespace && tap.direction === direction)
    .map(({ interface: device }) => device);
  const wanted = manip === 'src' ? devices.at(-1) : devices[0];
  const leg = flow.legs.findLast((each) => {
    const point = correlation.points[each.point];
    return each.forward.packets > 0 && point?.namespace === namespace && point.interface === wanted;
  });
  return leg?.forward.last ?? leg?.forward.kept[0];
}

/** Another flow of the capture that carries the address which this rule gives, and from whoever it gives it to. */
function translatedAlike({ flow, correlation }: Case, { manip, to }: Translation): Sighting | undefined {
  for (const other of correlation.flows) {
    if (other.id === flow.id || other.legs.length < 2) continue;
    const alike =
      manip === 'src'
        ? other.client.address === flow.client.address
        : other.server.address === flow.server.address &&
          other.server.port === flow.server.port &&
          other.protocol === flow.protocol;
    if (!alike) continue;
    const address = to.replace(/:\d+$/, '');
    const leg = other.legs.find(({ client, server, forward }) => {
      const end = manip === 'src' ? client : server;
      const before = manip === 'src' ? other.client : other.server;
      return forward.packets > 0 && formatIp(end.address) === address && end.address !== before.address;
    });
    const seen = leg?.forward.kept[0];
    // The rule was there then, and this flow went on without it.
    if (seen && seen.time < flow.end) return seen;
  }
  return undefined;
}
