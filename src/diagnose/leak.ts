/** Segments of a translated connection that left the translating host as they came: past its NAT. */
import type { FlowDirection, Leg, LegSide, Sighting } from '../correlate/flow.ts';
import { isPrivate } from '../correlate/owner.ts';
import { fateOf } from '../correlate/predict.ts';
import { type Case, netnsOf, sysctlOf } from './case.ts';

const LOOSE = 'net.netfilter.nf_conntrack_tcp_loose';
const FIN = 1;
const RST = 4;

export interface Leak {
  readonly namespace: string;
  readonly interface: string;
  readonly direction: FlowDirection;
  /** The first of them where it left, the same where it came in, and the last translated one before it; as far as captured. */
  readonly out: Sighting;
  readonly came?: Sighting;
  readonly before?: Sighting;
  readonly packets: number;
  /**
   * Far outside the window; of a connection whose entry is gone and may not be made in the middle (nf_conntrack_tcp_loose = 0); at the
   * end of the connection, when the entry was closing; or nothing that the packets tell.
   */
  readonly why: 'window' | 'loose' | 'closing' | 'unknown';
}

export function leakOf(kase: Case): Leak | undefined {
  for (const direction of ['forward', 'reply'] as const) {
    for (const leg of kase.flow.legs) {
      const leak = leg[direction].packets > 0 && leakedBy(kase, leg, direction);
      if (leak) return leak;
    }
  }
  return modelled(kase);
}

/** Of a flow that is only seen in its middle, after its entry was lost, the model says the same. */
function modelled(kase: Case): Leak | undefined {
  const { flow, prediction } = kase;
  const there = prediction?.there;
  const exit = prediction?.checks.at(-1);
  const isInvalid = there?.hops
    .at(-1)
    ?.steps.some((step) => step.kind === 'conntrack' && step.state === 'INVALID');
  if (!there || !exit?.sighting || !isInvalid || flow.begun || !isPrivate(exit.sighting.source))
    return undefined;
  const { namespace, interface: device } = exit.tap;
  const masquerades = hasSourceNat(kase, namespace);
  if (fateOf(there) !== 'forwarded' || !masquerades || sysctlOf(kase, namespace, LOOSE)?.value !== '0')
    return undefined;
  const leg = flow.legs.find(({ forward }) => forward.kept[0] === exit.sighting);
  return {
    ...{ namespace, interface: device, direction: 'forward', out: exit.sighting },
    ...{ packets: leg?.forward.packets ?? 1, why: 'loose' },
  };
}

function hasSourceNat(kase: Case, namespace: string): boolean {
  const netns = netnsOf(kase, namespace);
  const rulesets = (kase.flow.family === 4 ? netns?.rulesets4 : netns?.rulesets6) ?? [];
  return rulesets.some(({ tables }) =>
    [...(tables.get('nat')?.chains.values() ?? [])].some(({ rules }) =>
      rules.some(({ target }) => target?.kind === 'extension' && /^(MASQUERADE|SNAT)$/.test(target.name)),
    ),
  );
}

function leakedBy(kase: Case, leg: Leg, direction: FlowDirection): Leak | undefined {
  const { flow, correlation } = kase;
  const end = direction === 'forward' ? 'client' : 'server';
  const point = correlation.points[leg.point];
  const out = leg[direction].kept[0];
  if (!point || !out || !isPrivate(leg[end].address)) return undefined;
  // At the same point the connection has been seen translated, before and as it should be.
  const translated = flow.legs.find(
    (other) =>
      other.point === leg.point &&
      other[end].address !== leg[end].address &&
      (other[direction].kept[0]?.time ?? out.time) < out.time,
  );
  const inner = flow.legs.find(
    (other) =>
      other.point !== leg.point &&
      correlation.points[other.point]?.namespace === point.namespace &&
      other[end].address === leg[end].address &&
      other[end].port === leg[end].port &&
      other[direction].packets > leg[direction].packets,
  );
  const before = translated?.[direction].kept.findLast(({ time }) => time < out.time);
  if (!translated || !inner || !before) return undefined;
  const came = inner[direction].kept.find(
    ({ sequence, time }) => sequence === out.sequence && time <= out.time,
  );
  return {
    ...{ namespace: point.namespace, interface: point.interface, direction, out, before },
    ...(came && { came }),
    packets: leg[direction].packets,
    why: reasonOf(kase, point.namespace, leg[direction], translated[direction], before),
  };
}

/** tcp_in_window() allows no more than the largest window that was advertised; this is beyond any that is usual. */
const FAR = 1 << 24;

function reasonOf(
  kase: Case,
  namespace: string,
  leaked: LegSide,
  translated: LegSide,
  before: Sighting,
): Leak['why'] {
  const [first] = leaked.kept;
  if (first?.sequence !== undefined && before.sequence !== undefined) {
    const ahead = (first.sequence - before.sequence) >>> 0;
    if (ahead > FAR && ahead < 2 ** 32 - FAR) return 'window';
  }
  if (leaked.kept.every(({ tcpFlags = 0 }) => (tcpFlags & (FIN | RST)) !== 0)) return 'closing';
  const last = translated.last ?? translated.kept.at(-1);
  const forGood = last !== undefined && first !== undefined && last.time < first.time;
  return forGood && sysctlOf(kase, namespace, LOOSE)?.value === '0' ? 'loose' : 'unknown';
}
