import type { Sighting } from '../correlate/flow.ts';
import { ownersOf } from '../correlate/owner.ts';
import { fateOf } from '../correlate/predict.ts';
import type { Socket } from '../dump/records.ts';
import { formatEndpoint, formatIp, type Ip, parseIp } from '../net/ip.ts';
import { PROTOCOL, protocolName } from '../net/protocol.ts';
import type { Step } from '../netstack/hop.ts';
import { type Case, modelDrop, netnsOf } from './case.ts';
import { dropConfidence } from './confidence.ts';
import { describeSighting, dropEvidence, seenAt, ttlText } from './evidence.ts';
import { leavesInwards } from './exit.ts';
import type { Evidence } from './finding.ts';
import { isRouter } from './neighbourhood.ts';
import type { NatRule } from './remembered.ts';

/** A request that got as far as a host's transport layer and was refused there: no socket takes it. */
export interface Refusal {
  /** Undefined: the captures show the refusal, and no dump tells whose it is. */
  readonly namespace?: string;
  readonly address: Ip;
  readonly port: number;
  /** The rule that sent it there. */
  readonly dnat?: NatRule;
  readonly confidence: number;
  readonly evidence: readonly Evidence[];
  /** Sockets of that namespace; undefined when they weren't dumped. */
  readonly sockets?: readonly Socket[];
}

export function refusalOf(kase: Case): Refusal | undefined {
  if (kase.outcome.status === 'delivered' && !kase.hypothetical) return undefined;
  return byModel(kase) ?? byCapture(kase);
}

function byModel(kase: Case): Refusal | undefined {
  const drop = modelDrop(kase);
  if (!drop || drop.direction === 'reply' || !drop.cause.startsWith('sock-')) return undefined;
  const address = parseIp(drop.trace.final.destination);
  if (address === undefined) return undefined;
  const { refusal } = kase.outcome;
  let confidence = dropConfidence(kase, drop);
  if (!refusal && !kase.hypothetical && kase.flow.legs.length > 0)
    confidence = Math.min(confidence, kase.flow.protocol === PROTOCOL.tcp ? 0.3 : 0.5);
  const dnat = dnatStep(kase) ?? nftDnatStep(kase);
  const netns = netnsOf(kase, drop.namespace);
  const sockets = netns?.sockets;
  // Without its rules nobody can say that a router was meant to take the packet itself.
  const rulesets = kase.flow.family === 4 ? netns?.rulesets4 : netns?.rulesets6;
  if (!rulesets && isRouter(netns)) confidence = Math.min(confidence, 0.55);
  return {
    namespace: drop.namespace,
    address,
    port: drop.trace.final.destinationPort ?? 0,
    ...(dnat && { dnat }),
    ...(sockets && { sockets }),
    confidence,
    evidence: refusal ? refusalEvidence(kase, refusal) : dropEvidence(kase, drop),
  };
}

/** No dump of sockets: the RST (or port unreachable) that was captured tells, by the leg it came from. */
function byCapture(kase: Case): Refusal | undefined {
  const { refusal, error } = kase.outcome;
  if (!refusal || (error && !isPortUnreachable(kase, error.type, error.code))) return undefined;
  const there = kase.prediction?.there;
  // A drop that the model predicts sends no RST: then the model knows too little, and the capture is right.
  const silent = there && fateOf(there) === 'dropped' && refusal.tcpFlags !== undefined;
  if (there && fateOf(there) !== 'delivered' && !leavesInwards(kase) && !silent) return undefined;
  const deepest = kase.flow.legs.findLast((leg) => leg.forward.packets > 0) ?? kase.flow.legs[0];
  if (!deepest) return undefined;
  const refused = error ? error.from : deepest.server.address;
  // The refusal must be there where the request was seen last; else something on the way made it.
  if (!error && deepest.reply.rst === undefined) return undefined;
  const owner = ownersOf(kase.snapshot, refused)[0];
  const dnat = dnatStep(kase) ?? nftDnatStep(kase);
  const namespace = there?.namespace ?? owner?.netns.name;
  const sockets = namespace === undefined ? undefined : netnsOf(kase, namespace)?.sockets;
  // Somebody does listen there: then it is not for want of a socket.
  const taken = listeners(kase, sockets).some(
    (socket) => socket.port === deepest.server.port && socket.address === undefined,
  );
  if (taken) return undefined;
  return {
    ...(namespace !== undefined && { namespace }),
    address: deepest.server.address,
    port: deepest.server.port,
    ...(dnat && { dnat }),
    ...(sockets && { sockets }),
    confidence: sockets ? 0.75 : 0.55,
    evidence: refusalEvidence(kase, deepest.reply.rst ?? refusal),
  };
}

function isPortUnreachable(kase: Case, type: number, code: number): boolean {
  return kase.flow.family === 4 ? type === 3 && code === 3 : type === 1 && code === 4;
}

function refusalEvidence(kase: Case, refusal: Sighting): Evidence[] {
  const point = kase.correlation.points[refusal.point];
  const kind = refusal.tcpFlags === undefined ? 'ICMP port unreachable' : 'RST';
  return [
    seenAt(
      kase,
      refusal,
      `${kind} ${describeSighting(refusal)} on ${point?.namespace}:${point?.interface}, ${ttlText(refusal)}`,
    ),
  ];
}

export function dnatStep(kase: Case): Extract<Step, { kind: 'rule' }> | undefined {
  for (const hop of kase.prediction?.there.hops ?? []) {
    for (const step of hop.steps) {
      if (
        step.kind === 'rule' &&
        step.table === 'nat' &&
        (step.target === 'DNAT' || step.target === 'REDIRECT')
      )
        return step;
    }
  }
  return undefined;
}

/** The same by a rule of nft's own tables. */
function nftDnatStep(kase: Case): NatRule | undefined {
  const steps = (kase.prediction?.there.hops ?? []).flatMap((hop) => hop.steps);
  return steps.find(
    (step): step is Extract<Step, { kind: 'nft-rule' }> =>
      step.kind === 'nft-rule' && /\b(?:dnat|redirect)\b/.test(step.text),
  );
}

/** Sockets that take connections (or datagrams) of the flow's protocol. */
export function listeners(kase: Case, sockets: readonly Socket[] | undefined): Socket[] {
  const protocol = protocolName(kase.flow.protocol);
  return (sockets ?? []).filter(
    (socket) =>
      socket.protocol === protocol &&
      (socket.state === 'LISTEN' || socket.state === 'UNCONN') &&
      socket.port > 0,
  );
}

export function socketEvidence(socket: Socket): Evidence {
  const where =
    socket.address === undefined ? `*:${socket.port}` : formatEndpoint(socket.address, socket.port);
  return {
    path: socket.span.path,
    line: socket.span.line,
    text: `${socket.process ?? 'a process'} listens on ${where}`,
  };
}

export function isLoopbackSocket(socket: Socket): boolean {
  return socket.address !== undefined && /^(127\.|::1$)/.test(formatIp(socket.address));
}
