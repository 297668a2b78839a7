import type { ArpExchange } from '../correlate/flow.ts';
import { unseenFlow } from '../correlate/merge.ts';
import { outcomeOf } from '../correlate/outcome.ts';
import { isCapture, wasCapturing } from '../correlate/points.ts';
import { predict } from '../correlate/predict.ts';
import { familyOf, formatIp, type Ip } from '../net/ip.ts';
import { isLinkLocal } from '../netstack/route.ts';
import type { Case, Scene } from './case.ts';
import type { Cause, Found } from './cause.ts';
import { seenAt } from './evidence.ts';
import type { Evidence } from './finding.ts';
import { type ModelCauseSpec, modelCause } from './model-cause.ts';
import { type Unanswered, unanswered } from './unanswered.ts';

/**
 * A cause that the model predicts, for flows and for what never became one: a sender that asks for a link address and
 * hears nothing sends no packet. What it would have sent is put to the model.
 */
export function gapCause(spec: ModelCauseSpec): Cause {
  const page = modelCause(spec);
  return {
    ...page,
    survey: (scene) =>
      unanswered(scene).flatMap((gap) => {
        const kase = caseOfGap(scene, gap);
        const found = kase && page.find?.(kase);
        return kase && found ? [surveyed(kase, gap, found)] : [];
      }),
  };
}

/** The packet that waits for the answer, as a flow that no capture has seen. */
export function caseOfGap(scene: Scene, gap: Unanswered): Case | undefined {
  const from = gap.senderAddress ?? ownAddress(gap);
  // A link-local address says nothing without its interface: no route leads there.
  if (!gap.sender || from === undefined || isLinkLocal(gap.target)) return undefined;
  const family = familyOf(gap.target);
  const time = gap.exchange?.requests[0]?.time ?? 0;
  const ends = [from, gap.target].map((address) => ({ address, port: 1 })) as [
    { address: Ip; port: number },
    { address: Ip; port: number },
  ];
  const flow = unseenFlow(-1, family, family === 4 ? 1 : 58, ...ends, time);
  const prediction = predict(scene.predictor, flow, { from: gap.sender.name });
  if (!prediction) return undefined;
  return { ...scene, flow, outcome: outcomeOf(flow), prediction, kernel: [], hypothetical: true };
}

function ownAddress({ sender, device, target }: Unanswered): Ip | undefined {
  const link = sender?.links?.find(({ name }) => name === device);
  return link?.addresses.find(
    ({ address, scope }) => familyOf(address) === familyOf(target) && scope !== 'host',
  )?.address;
}

function surveyed(kase: Case, gap: Unanswered, found: Found): Found {
  // Of a packet that was never sent, no capture could hold anything.
  const cited = found.evidence.filter(({ line, packet }) => line !== undefined || packet !== undefined);
  return {
    ...found,
    // The neighbour table alone doesn't say when it was asked.
    confidence: gap.exchange ? found.confidence : Math.min(found.confidence, 0.85),
    status: 'no-reply',
    evidence: [...gapEvidence(kase, gap), ...cited],
    probe: { from: kase.flow.client.address, to: gap.target },
  };
}

/** Where the question was heard, and where it wasn't, though somebody was listening. */
export function gapEvidence(scene: Scene, gap: Unanswered): Evidence[] {
  const target = formatIp(gap.target);
  const asked = typeof gap.target === 'number' ? 'who-has' : 'neighbour solicitation for';
  const heard = scene.correlation.arp.filter(
    (exchange) => exchange.target === gap.target && exchange.sender === gap.senderAddress,
  );
  const where = ({ point }: ArpExchange) => {
    const place = scene.correlation.points[point];
    return `${place?.namespace}:${place?.interface}`;
  };
  const lines = heard.flatMap((exchange) => {
    const [request] = exchange.requests;
    return request
      ? [
          seenAt(
            scene,
            request,
            `${asked} ${target} on ${where(exchange)}, asked ${exchange.count} times, ${exchange.replies.length > 0 ? 'and answered there' : 'never answered'}`,
          ),
        ]
      : [];
  });
  const points = new Set(heard.map(({ point }) => point));
  const first = heard[0]?.requests[0];
  const deaf = scene.correlation.points.filter(
    (point) =>
      first &&
      !points.has(point.index) &&
      isCapture(point) &&
      wasCapturing(point, typeof gap.target === 'number' ? ARP : ICMPV6, first.time) === 'yes',
  );
  const entry = gap.entry;
  return [
    ...lines,
    ...(heard.length > 0
      ? deaf.map((point) => ({
          path: point.path,
          text: `none of its ${point.packets} packets asks for ${target}: the request never came to ${point.namespace}:${point.interface}`,
        }))
      : []),
    ...(entry
      ? [
          {
            path: entry.span.path,
            line: entry.span.line,
            text: `${target} dev ${entry.dev} ${entry.states.join(',')}`,
          },
        ]
      : []),
  ];
}

const ARP = 0x806;
const ICMPV6 = 58;
