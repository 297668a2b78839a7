/** A question for a name to a loopback address, where the namespace that asks has nobody on port 53. */
import { asksName } from '../correlate/outcome.ts';
import { isLoopback } from '../correlate/owner.ts';
import type { Socket } from '../dump/records.ts';
import { formatIp, type Ip } from '../net/ip.ts';
import { PROTOCOL } from '../net/protocol.ts';
import type { Netns } from '../snapshot/snapshot.ts';
import { type Case, netnsOf } from './case.ts';
import { describeSighting, seenAt } from './evidence.ts';
import type { Evidence } from './finding.ts';
import { type Refusal, refusalOf } from './refusal.ts';

/** The address of Docker’s own resolver, in each container of a network that somebody made. */
export const EMBEDDED = 0x7f00000b;

export interface StubRefusal {
  readonly netns: Netns;
  readonly refusal: Refusal;
  readonly name: string;
  /** The question, and its line in resolv.conf. */
  readonly evidence: readonly Evidence[];
}

export function refusedStub(kase: Case): StubRefusal | undefined {
  const { flow } = kase;
  if (!asksName(flow) || !isLoopback(flow.server.address)) return undefined;
  const refusal = refusalOf(kase);
  const netns = refusal?.namespace === undefined ? undefined : netnsOf(kase, refusal.namespace);
  if (!refusal || !netns || refusal.dnat) return undefined;
  const asked = flow.legs[0]?.forward.kept[0];
  const name = asked?.dns?.questions[0]?.name ?? '';
  return {
    netns,
    refusal,
    name,
    evidence: [
      ...nameserverEvidence(netns, flow.server.address),
      ...(asked
        ? [seenAt(kase, asked, `the question ${describeSighting(asked)}${name ? ` for ${name}` : ''}`)]
        : []),
      ...refusal.evidence,
    ],
  };
}

export function nameserverEvidence({ resolver }: Netns, server: Ip): Evidence[] {
  const line = resolver?.nameservers?.find(({ address }) => address === server);
  return line
    ? [{ path: line.span.path, line: line.span.line, text: `nameserver ${formatIp(line.address)}` }]
    : [];
}

/** dockerd’s sockets inside the container; they have high ports, which rules of its nat table put in place of 53. */
export function embeddedSockets({ sockets = [] }: Netns): Socket[] {
  return sockets.filter(
    ({ address, port, state, protocol }) =>
      address === EMBEDDED &&
      port !== 53 &&
      port > 0 &&
      ((protocol === 'udp' && state === 'UNCONN') || (protocol === 'tcp' && state === 'LISTEN')),
  );
}

/** Sockets that take questions: on port 53 of that address, or of all. */
export function stubSockets({ sockets = [] }: Netns, protocol: number, server: Ip): Socket[] {
  const wanted = protocol === PROTOCOL.tcp ? 'tcp' : 'udp';
  return sockets.filter(
    (socket) =>
      socket.port === 53 &&
      socket.protocol === wanted &&
      (socket.state === 'UNCONN' || socket.state === 'LISTEN') &&
      (socket.address === undefined || socket.address === server),
  );
}
