/** A packet's path by the kernel's own trace, as plain data. */
import type { KernelPath } from '../correlate/kernel-path.ts';
import type { TiedStep } from '../correlate/trace-rules.ts';
import { tracedEnds } from '../correlate/traced-header.ts';

/** The way of a packet that a netfilter trace shows, and where the model's parts from it. */
export interface KernelPathReport {
  namespace: string;
  direction: 'forward' | 'reply';
  /** `10.0.0.2:4711 > 10.0.0.9:80`, as it came in. */
  packet: string;
  in?: string;
  out?: string;
  /** The trace file, and its lines about this packet from the first to the last. */
  path: string;
  line: number;
  lastLine: number;
  steps: KernelStepReport[];
  outcome: KernelPath['outcome'];
  /** `unknown`: there is nothing to hold it against. */
  model: KernelPath['model'];
  /** The step at which kernel and model part. */
  parting?: { text: string; line?: number; model?: { path: string; line?: number } };
  /** Something is missing in the log there. */
  interrupted?: boolean;
}

/** A rule or policy that a netfilter trace shows. */
export interface KernelStepReport {
  kind: 'rule' | 'policy' | 'return';
  hook?: string;
  table: string;
  chain: string;
  number?: number;
  text?: string;
  verdict?: string;
  /** Of the trace. */
  line: number;
  /** The rule's place in the dump. */
  rule?: { path: string; line: number };
  /** Why it is tied to no rule. */
  problem?: string;
  /** The dump has that chain, and no such rule in it. */
  absent?: true;
}

export function describeKernelPath(kernel: KernelPath): KernelPathReport {
  const { packet, direction, outcome, model, parting } = kernel;
  const last = packet.steps.at(-1)?.header ?? packet.header;
  return {
    namespace: packet.namespace,
    direction,
    packet: tracedEnds(packet.header),
    ...(packet.header.in !== undefined && { in: packet.header.in }),
    ...(last.out !== undefined && { out: last.out }),
    path: packet.span.path,
    line: packet.span.line,
    lastLine: packet.lastLine,
    steps: kernel.steps.map(describeStep),
    outcome,
    model,
    ...(parting && { parting: describeParting(parting) }),
    ...(packet.interrupted && { interrupted: true }),
  };
}

function describeStep({ rule: _, place, span, guessed: __, ...step }: TiedStep): KernelStepReport {
  return { ...step, line: span.line, ...(place && { rule: { path: place.path, line: place.line } }) };
}

function describeParting({ kernel, model, text }: NonNullable<KernelPath['parting']>) {
  const place =
    model && 'path' in model && model.path !== undefined
      ? { path: model.path, ...('line' in model && model.line !== undefined && { line: model.line }) }
      : undefined;
  return { text, ...(kernel && { line: kernel.span.line }), ...(place && { model: place }) };
}
