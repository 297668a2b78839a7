import type { FlowStatus } from '../correlate/status.ts';
import type { Ip } from '../net/ip.ts';
import type { Case, Scene } from './case.ts';
import type { Evidence, Finding } from './finding.ts';

/** A command and the namespace it has to run in. */
export interface Command {
  readonly namespace: string;
  readonly text: string;
}

/** An echo request, or the first packet of another protocol to a port. */
export interface Probe {
  readonly from: Ip;
  readonly to: Ip;
  readonly protocol?: number;
  readonly port?: number;
}

/** What a cause found out about one flow. Everything it claims is backed by `evidence`. */
export interface Found {
  /** 0..1; below 0.6 it is a suspicion that one more dump would settle. */
  readonly confidence: number;
  /** In the words of this incident: "host drops it: net.ipv4.ip_forward is 0". */
  readonly title: string;
  /** The mechanism in one paragraph. */
  readonly explanation: string;
  readonly namespace?: string;
  readonly interface?: string;
  readonly rule?: NonNullable<Finding['rule']>;
  readonly route?: string;
  readonly sysctl?: string;
  readonly evidence: readonly Evidence[];
  /** What the flow's status is when this is why. */
  readonly status: FlowStatus;
  readonly severity?: Finding['severity'];
  readonly fix?: readonly Command[];
  /** The fix can't be replayed (outside the host, a process to restart); `effect` says what to expect instead. */
  readonly effect?: string;
  /** The fix is about what conntrack remembers: it is replayed as a packet of the dumped connection. */
  readonly remembered?: true;
  /** The model follows a flow's first packet: where that one was never at fault, replaying it with the fix shows nothing. */
  readonly replay?: false;
  /** Flows with an equal group are one incident; without it the rule, sysctl or route tells, or the title. */
  readonly group?: string;
  /** For a survey: a packet that shows the problem, so that the fix can be replayed. */
  readonly probe?: Probe;
}

/** What a cause is called. */
export interface CauseHead {
  readonly id: string;
  readonly title: string;
  readonly severity: Finding['severity'];
}

/** Its page of the catalogue, in whole sentences but for `check`, `settledBy` and `references`. No part may be left out or empty. */
export interface CausePage {
  /** What people see. */
  readonly symptom: string;
  /** What the kernel does, and why. */
  readonly mechanism: string;
  /** How to see it for yourself: commands, and what to look for. */
  readonly check: string;
  /** Evidence that proves it: packets, lines, counters. */
  readonly proof: string;
  /** Evidence that speaks against it: what can't be if this is the cause. */
  readonly refutation: string;
  /** Commands whose output settles it where the evidence falls short. */
  readonly settledBy: readonly string[];
  /** The fix in general; a finding has that of its incident. */
  readonly repair: string;
  /** Kernel functions and counters, RFCs, manual pages, public reports (`moby/moby#27319`). */
  readonly references: readonly string[];
}

/** One entry of the catalogue: its page, and how it is told from a flow's evidence. */
export interface Cause extends CauseHead {
  /** Made when somebody reads it: an analysis needs few. */
  page(): CausePage;
  /** Undefined: the evidence doesn't point here. */
  find?(flow: Case): Found | undefined;
  /** Something to be said of a flow besides what explains it. */
  also?(flow: Case): Found[];
  /** Looks for it where no captured flow tells of it: in dumps, counters and unanswered ARP. */
  survey?(scene: Scene): Found[];
}
