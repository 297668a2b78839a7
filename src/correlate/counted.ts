/** Flows of which no packet is kept: their ends, times and numbers of packets, by the records of the first reading. */
import type { Family } from '../net/ip.ts';
import type { FlowEnd } from './flow.ts';
import type { FlowStatus } from './status.ts';

export interface CountedLeg {
  /** Index into Scan.points. */
  readonly point: number;
  readonly client: FlowEnd;
  readonly server: FlowEnd;
  readonly forward: number;
  readonly reply: number;
}

export interface CountedFlow {
  readonly family: Family;
  readonly protocol: number;
  /** As the initiator addressed them, before any NAT. */
  readonly client: FlowEnd;
  readonly server: FlowEnd;
  /** Epoch seconds. */
  readonly start: number;
  readonly end: number;
  /** In the order in which the client's packets pass them, as far as TTLs and times tell. */
  readonly legs: readonly CountedLeg[];
  /** By what the captures show; `like` may know better. */
  readonly status: FlowStatus;
  /** Id of a flow that was looked at packet by packet, and fails in the same way at the same service. */
  readonly like?: number;
}

/** `place`: among the flows that were counted, from 0; of one that nobody asked for undefined. */
export interface FoundFlow {
  readonly flow: CountedFlow;
  readonly place: number | undefined;
}

export interface CountedFlows {
  readonly count: number;
  /** Of those: for which there was no memory but that of their number, so that `flows` doesn't have them. */
  readonly unlisted: number;
  /** How many fail like the flow of that id. */
  readonly like: ReadonlyMap<number, number>;
  /** Of the others, by what the captures show. */
  readonly byStatus: ReadonlyMap<FlowStatus, number>;
  /** Made one by one, as they are asked for. */
  flows(): Iterable<CountedFlow>;
  /** That of a packet between these ends. */
  find(protocol: number, source: FlowEnd, destination: FlowEnd): FoundFlow | undefined;
}
