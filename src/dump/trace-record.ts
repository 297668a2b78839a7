/** What netfilter traces and LOG targets write of packets: one record a line, in the kernel's terms. */
import type { Span } from '../base/span.ts';
import type { Family, Ip } from '../net/ip.ts';
import type { Mac } from '../net/mac.ts';

/** Header fields as far as the line shows them: nf_log_ip_packet() and friends, net/netfilter/nf_log_syslog.c; nft_trace_notify(). */
export interface TracedHeader {
  readonly family: Family;
  readonly in?: string;
  readonly out?: string;
  readonly physin?: string;
  readonly physout?: string;
  readonly etherSource?: Mac;
  readonly etherDestination?: Mac;
  readonly source: Ip;
  readonly destination: Ip;
  /** IPv4 total length, IPv6 payload length + 40. */
  readonly length?: number;
  readonly tos?: number;
  readonly ttl?: number;
  /** IPv4 identification. */
  readonly id?: number;
  readonly flowLabel?: number;
  readonly dontFragment?: boolean;
  readonly moreFragments?: boolean;
  /** In bytes. */
  readonly fragmentOffset?: number;
  readonly protocol?: number;
  readonly sourcePort?: number;
  readonly destinationPort?: number;
  readonly tcpFlags?: number;
  readonly tcpSequence?: number;
  readonly tcpAcknowledgement?: number;
  readonly tcpWindow?: number;
  readonly icmpType?: number;
  readonly icmpCode?: number;
  readonly icmpId?: number;
  readonly icmpSequence?: number;
  readonly mark?: number;
  readonly uid?: number;
}

/**
 * Where in the rules it was. The legacy backend gives `number`: of a rule, or one more than there are rules for the end of the
 * chain; it words an unconditional rule with a verdict as `return` or `policy`, with the rule's number (get_chainname_rulenum()).
 * The nft backend gives the rule's text or handle.
 */
export interface TraceStep {
  readonly kind: 'rule' | 'return' | 'policy';
  /** nft's word for the table's family: ip, ip6, inet, bridge, netdev. */
  readonly tableFamily?: string;
  readonly table: string;
  readonly chain: string;
  readonly number?: number;
  readonly handle?: number;
  /** `-A FORWARD -p tcp -j DROP` (xtables-monitor), `tcp dport 80 drop` (nft). */
  readonly text?: string;
  /** Upper case: ACCEPT, DROP, CONTINUE, RETURN, QUEUE, JUMP web, GOTO web. */
  readonly verdict?: string;
}

/** `boot`: seconds since the machine started; `year`: since the year began, of which the log doesn't say which; local time where no zone is given. */
export interface LogTime {
  readonly clock: 'epoch' | 'boot' | 'year';
  readonly seconds: number;
}

export interface TraceEvent {
  /** The trace's id. The kernel makes it of the packet's address in memory: it comes again, and changes on the packet's way. */
  readonly id?: string;
  readonly header?: TracedHeader;
  readonly step?: TraceStep;
  /** What a LOG rule put before it: `[UFW BLOCK] `. Absent for traces. */
  readonly logPrefix?: string;
  /** `ct state new ct direction original`, which newer versions of nft trace. */
  readonly conntrack?: string;
  /** The ruleset was changed meanwhile: xtables-monitor's `EVENT:` line. */
  readonly change?: string;
  readonly time?: LogTime;
  readonly span: Span;
}

/** What else netfilter tells the kernel log, about no packet in particular. */
export interface KernelNotice {
  /** `nf_conntrack: table full, dropping packet` */
  readonly kind: 'conntrack-full';
  /** Inode of the namespace it is about; older kernels don't say. */
  readonly netns?: number;
  readonly text: string;
  readonly time?: LogTime;
  readonly span: Span;
}

export type TraceForm = 'kernel-log' | 'xtables-monitor' | 'nft-trace';

export interface TraceDump {
  readonly form: TraceForm;
  /** In the order of the file. */
  readonly events: readonly TraceEvent[];
  /** Lines behind which something is missing: suppressed messages, a line cut off. From 1. */
  readonly gaps: readonly { readonly line: number; readonly text: string }[];
  readonly notices?: readonly KernelNotice[];
}
