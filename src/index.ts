/**
 * The library: everything that the command line does, as functions on plain data. Nothing here reads the clock or the
 * terminal, and nothing throws for what an input holds.
 *
 * ```ts
 * import { analyze, assemble, resolveInputs } from 'nettrace';
 *
 * const inputs = await resolveInputs(['br0.pcap', 'eth0.pcap', 'rules.v4', 'sysctl.txt']);
 * const analysis = assemble(await analyze(inputs));
 * for (const finding of analysis.findings) console.log(finding.title, finding.fix?.commands);
 * ```
 */

export { formatIssue, type Issue } from './base/issue.ts';
export { printable } from './base/printable.ts';
export type { Frame } from './capture/frame.ts';
export { openFile, openStream } from './capture/open.ts';
/** Captures: frames of pcap, pcapng and snoop files, and what is in them. */
export { type ScanOptions, scanCapture } from './capture/scan.ts';
export { type ByteSource, memorySource } from './capture/source.ts';
export type { CaptureInterface, CaptureSummary } from './capture/summary.ts';
/** The main job: what happened to every flow, why, and the fix. */
export { type AnalyzeResult, analyze } from './diagnose/analyze.ts';
export type { Evidence, Finding, Fix } from './diagnose/finding.ts';
export type { Dump, DumpContent } from './dump/dump.ts';
/** Dumps: the outputs of ip, iptables-save, sysctl, docker inspect and others. */
export { recogniseDump } from './dump/recognise.ts';
export type { CaptureInput, DumpInput, InputSet, Manifest, PlacedBy } from './input/input.ts';
/** Inputs: what the words of a command line name, recognised by content and placed. */
export { type ResolveOptions, resolveInputs } from './input/resolve.ts';
/** Addresses are values: IPv4 a number, IPv6 a bigint. */
export { formatIp, type Ip, parseIp } from './net/ip.ts';
export { formatPrefix, type Prefix, parsePrefix } from './net/prefix.ts';
export type { Header, Hop, ReplayLine, Step, Trace, Verdict } from './netstack/hop.ts';
export { type Probe, type ProbeSpec, probe } from './netstack/probe.ts';
export { type Injection, type Replayed, replay } from './netstack/replay.ts';
export { createWorld, type World, type WorldOptions } from './netstack/world.ts';
export { dissect } from './packet/dissect.ts';
export type { Packet } from './packet/packet.ts';
export { type PacketLine, packetLine } from './packet/packet-line.ts';
export { summary } from './packet/summary.ts';
export type { Analysis, AnalysisFlow, AnalysisInput, AnalysisTopology, Endpoint } from './report/analysis.ts';
export { analysisJson } from './report/analysis-json.ts';
export { assemble } from './report/assemble.ts';
export { countedFlows } from './report/counted.ts';
export { renderAnalysis } from './report/text/analysis.ts';
export type { TextOptions } from './report/text/style.ts';
/** The host as the dumps show it, and the kernel model that runs on it. */
export { buildSnapshot } from './snapshot/build.ts';
export type { Netns, Snapshot } from './snapshot/snapshot.ts';
export { buildTopology } from './topology/build.ts';
export type { CapturePoint, LinkRef, Topology } from './topology/topology.ts';
export { parseList, parseListRules, parseRule, parseSave } from './xtables/parse.ts';
export { printRule, printRuleset } from './xtables/print.ts';
export type { Chain, Rule, Ruleset, Table } from './xtables/rule.ts';
