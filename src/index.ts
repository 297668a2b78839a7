/**
 * The library: what the commands do, as functions on plain data.
 *
 * ```ts
 * import { analyze, formatIssue, openBundle, parseIptablesSave, readCapture, simulate } from 'nettrace';
 *
 * const analysis = await analyze(['br0.pcap', 'eth0.pcap', 'rules.v4', 'sysctl.txt']);
 * for (const finding of analysis.findings) console.log(finding.title, finding.fix?.commands);
 *
 * const bundle = await openBundle('bundle.tar.gz');
 * const { outcome, rule } = await simulate(bundle.snapshot, 'tcp red > 10.0.0.5:80');
 * ```
 *
 * Nothing here reads the clock, the environment or the terminal, writes a file (but a nameless copy of a stream), changes a host, or remembers
 * anything between two calls: any number of them may run at once. What is wrong inside an input is an {@link Issue} among the results; a call that
 * can't be done at all rejects with a {@link NettraceError}.
 *
 * @packageDocumentation
 */

import type { AnalyzeOptions } from './library/analyze.ts';
import type { Bundle } from './library/bundle.ts';
import {
  type CaptureReading,
  type CaptureSource,
  type ReadCaptureOptions,
  reading,
} from './library/captured.ts';
import type { FlowSpec } from './library/flow-spec.ts';
import type { Inputs } from './library/given.ts';
import type { OpenOptions } from './library/open-bundle.ts';
import type { SimulateOptions, Simulation } from './library/simulate.ts';
import type { Snapshot } from './library/snapshot.ts';
import type { Analysis } from './report/analysis.ts';
import type { TextOptions } from './report/text/style.ts';
import type { ParsedRuleset } from './xtables/parse.ts';
import type { Ruleset } from './xtables/rule.ts';

/**
 * The main job: what happened to every flow of the captures, why, and the fix, replayed before it is called verified.
 *
 * @param inputs - Captures and dumps, or a bundle that is open already.
 * @returns The analysis as plain data: what `nettrace analyze --format json` prints (schema nettrace-analysis/1). Times are epoch seconds, addresses text.
 *   What could not be read, or was doubtful, is in `warnings`.
 * @throws {@link InputError} where an input can't be used, {@link UsageError} for an option that makes no sense, the reason of an aborted signal.
 *
 * Captures of any size are read as a stream, large ones twice; memory stays within `maxMemory`.
 */
export async function analyze(inputs: Inputs | Bundle, options: AnalyzeOptions = {}): Promise<Analysis> {
  return await (await import('./library/analyze.ts')).analyze(inputs, options);
}

/**
 * Opens a bundle (as `nettrace collect` makes them), or any mix of captures and dumps: what there is, where it was taken, and the host's state, which
 * `simulate` asks and the matchers of `nettrace/vitest` check.
 *
 * @throws {@link InputError} where an input can't be used, {@link LimitError} where it is larger than `limits` allow, the reason of an aborted signal.
 */
export async function openBundle(inputs: Inputs, options: OpenOptions = {}): Promise<Bundle> {
  return await (await import('./library/open-bundle.ts')).openBundle(inputs, options);
}

/**
 * Sends one hypothetical packet through the model of the kernel, there and back: bridges, netfilter, NAT, routing, sockets.
 *
 * @param snapshot - Of a bundle that was opened. It stays as it is: what a packet leaves behind is forgotten before the next.
 * @param flow - In the language of cases (docs/testing.md), `tcp red > 10.0.0.5:80` or `from red to 10.0.0.5:80/tcp sport 5000`, or its parts.
 * @throws {@link UsageError} where the flow isn't understood, or names what the host doesn't have; it says where in the text.
 */
export async function simulate(
  snapshot: Snapshot,
  flow: string | FlowSpec,
  options: SimulateOptions = {},
): Promise<Simulation> {
  return (await import('./library/simulate.ts')).simulateFlow(snapshot, flow, options);
}

/**
 * A capture's packets one by one: pcap, pcapng and snoop, packed or not, from a file, from memory or from a stream.
 *
 * ```ts
 * const capture = readCapture('eth0.pcap.gz', { filter: 'tcp and port 443' });
 * for await (const packet of capture) console.log(packet.time, packet.decode().summary);
 * for (const issue of capture.issues) console.warn(formatIssue(issue));
 * ```
 *
 * A block of the file is read when the packets of the one before it have been taken, so that a capture of any size needs the memory of one block. The
 * file is closed when the loop ends, however it ends.
 *
 * The loop throws {@link InputError} where there is no such file, or it is no capture; {@link UsageError} for a filter that isn't understood; the reason of an
 * aborted signal. A file that breaks off gives the packets before that, and an issue.
 */
export function readCapture(source: CaptureSource, options: ReadCaptureOptions = {}): CaptureReading {
  return reading(source, options);
}

/** Options of {@link parseIptablesSave}. */
export interface ParseRulesOptions {
  /** What the text is called in issues and in the places of rules. Default: `rules`. */
  readonly path?: string | undefined;
  /** Default: what the text itself tells, else 4. */
  readonly family?: 4 | 6 | undefined;
}

/**
 * The rules of an `iptables-save` or `ip6tables-save`, each with its matches, target, counters and line (iptables-restore(8)). No text makes it throw: a
 * line that can't be read is an issue, and an extension that isn't known keeps its words in the rule.
 */
export async function parseIptablesSave(
  text: string,
  options: ParseRulesOptions = {},
): Promise<ParsedRuleset> {
  const { parseSave } = await import('./xtables/parse.ts');
  const { path = 'rules', family } = options;
  return parseSave(text, path, family === undefined ? {} : { family });
}

/** The way back: the text that `iptables-save` would print of these rules, in its order and spelling. */
export async function printIptablesSave(ruleset: Ruleset): Promise<string> {
  return (await import('./xtables/print.ts')).printRuleset(ruleset);
}

/** An analysis as `nettrace analyze` prints it. Control characters of the inputs are made visible. */
export async function renderAnalysis(
  analysis: Analysis,
  options: Partial<TextOptions> = {},
): Promise<string> {
  const { renderAnalysis: render } = await import('./report/text/analysis.ts');
  return render(analysis, { width: 80, color: false, ...options });
}

export { formatIssue, type Issue } from './base/issue.ts';
export type { InputLimits } from './base/limits.ts';
export type { Span } from './base/span.ts';
export type { CaptureFormat } from './capture/magic.ts';
export type { Verdict as PacketVerdict } from './cases/language/outcome.ts';
export type { AttemptResult } from './correlate/attempts.ts';
export type { KernelOutcome } from './correlate/kernel-path.ts';
export type { FlowStatus } from './correlate/status.ts';
export type { Change, Difference } from './diagnose/change/change.ts';
export type { FlowChange, FlowEnd } from './diagnose/effect.ts';
export type { Evidence, Finding, Fix } from './diagnose/finding.ts';
export type { NearRule } from './diagnose/near-rules.ts';
export type { WhatIf } from './diagnose/what-if.ts';
export type { Manifest, PlacedBy } from './input/input.ts';
export type { AnalyzeOptions } from './library/analyze.ts';
export type { Names } from './library/asking.ts';
export type { Bundle, BundleCapture, BundleDump } from './library/bundle.ts';
export type {
  CapturedPacket,
  CaptureReading,
  CaptureSource,
  ReadCaptureOptions,
} from './library/captured.ts';
export { InputError, LimitError, NettraceError, UsageError } from './library/errors.ts';
export type { FlowSpec } from './library/flow-spec.ts';
export type { BundleFiles, Inputs, Progress, ReadingOptions } from './library/given.ts';
export type { OpenOptions } from './library/open-bundle.ts';
export type {
  DecidingRule,
  SimulatedEnding,
  SimulateOptions,
  Simulation,
} from './library/simulate.ts';
export type { Snapshot } from './library/snapshot.ts';
export type { Family, Ip } from './net/ip.ts';
export type { DecidingStep, Header, Hop, Step, Tap, Trace, Verdict } from './netstack/hop.ts';
export type { NftFamily, NftHook } from './nft/ruleset.ts';
export type { PacketLine } from './packet/packet-line.ts';
export type {
  Analysis,
  AnalysisFlow,
  AnalysisInput,
  AnalysisState,
  AnalysisTopology,
  CountedSummary,
  Endpoint,
  FilterSummary,
  Timeline,
  TimelinePacket,
} from './report/analysis.ts';
export type { KernelPathReport, KernelStepReport } from './report/kernel-path.ts';
export type { TextOptions } from './report/text/style.ts';
export type { HostDescription, ObservedPlace, TunnelDescription } from './topology/describe.ts';
export type { ParsedRuleset } from './xtables/parse.ts';
export type {
  AddressMatch,
  Chain,
  Counters,
  Hook,
  InterfaceMatch,
  MatchUse,
  Policy,
  Remark,
  Rule,
  Ruleset,
  Table,
  TableName,
  TargetUse,
} from './xtables/rule.ts';
