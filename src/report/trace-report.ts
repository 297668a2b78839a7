/** `nettrace trace --format json`: schema nettrace-trace/1. */
import type { Header, Trace } from '../netstack/hop.ts';
import type { AnalysisTopology } from './analysis.ts';
import type { KernelPathReport } from './kernel-path.ts';

export interface TraceReport {
  schema: 'nettrace-trace/1';
  /** `red` for a local sender, `host:eth0` for a packet that comes in from the wire. */
  from: string;
  packet: Header;
  there: Trace;
  /** The answer: the receiver's own where the model makes one, else one that it would send. Absent when none can come. */
  back?: Trace;
  /** The answer is made up: the packet left for a place that no input describes. */
  hypothetical: boolean;
  /** What netfilter traces among the inputs show of packets just like it and its answer. Absent when there are none. */
  kernel?: KernelPathReport[];
  /** Of `--what-if`: the commands that `there` and `back` are after, and the paths without them. */
  whatIf?: { commands: string[]; there: Trace; back?: Trace };
  /** The namespaces that the packet or its answer passes, with their containers' names. */
  namespaces: { name: string; container?: string }[];
  /** What the model had to do without. */
  missing: AnalysisTopology['missing'];
}

/** The packet as it set out. */
export function headerOf(trace: Trace): Header {
  return trace.taps[0]?.header ?? trace.final;
}
