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
  /** It leaves for the outside with this private source, which is nobody's there: no answer can find back. */
  unanswerable?: string;
  /** What netfilter traces among the inputs show of packets just like it and its answer. Absent when there are none. */
  kernel?: KernelPathReport[];
  /** Of `--what-if`: the commands that `there` and `back` are after, and the paths without them. */
  whatIf?: { commands: string[]; there: Trace; back?: Trace };
  /** Of `--steps`: what becomes of the packet after each command of the sessions and scripts among the inputs. */
  steps?: TraceStep[];
  /** The namespaces that the packet or its answer passes, with their containers' names. */
  namespaces: { name: string; container?: string }[];
  /** What the model had to do without. */
  missing: AnalysisTopology['missing'];
}

export interface TraceStep {
  path: string;
  line: number;
  namespace: string;
  command: string;
  /** Why the command changes nothing, and what was probably meant. */
  refusal?: { reason: string; meant?: string };
  /** Absent while the sender isn't there yet. */
  verdict?: Trace['verdict'];
  cause?: string;
  /** The packet arrives, or leaves for the outside, and an answer comes back. */
  passes: boolean;
  /** In words: `is dropped in host (fwd-ip-forward-off)`. */
  outcome: string;
}

/** The packet as it set out. */
export function headerOf(trace: Trace): Header {
  return trace.taps[0]?.header ?? trace.final;
}
