/** Every target there is: one file each, one line each here. The verdicts and jumps need no definition. */
import type { Family } from '../net/ip.ts';
import type { TargetDefinition } from './extension.ts';
import { optionNames } from './options.ts';
import { Registry } from './registry.ts';
import { AUDIT } from './targets/AUDIT.ts';
import { CHECKSUM } from './targets/CHECKSUM.ts';
import { CLASSIFY } from './targets/CLASSIFY.ts';
import { CLUSTERIP } from './targets/CLUSTERIP.ts';
import { CONNMARK } from './targets/CONNMARK.ts';
import { CONNSECMARK } from './targets/CONNSECMARK.ts';
import { CT, NOTRACK } from './targets/CT.ts';
import { DNAT } from './targets/DNAT.ts';
import { DSCP } from './targets/DSCP.ts';
import { ECN } from './targets/ECN.ts';
import { HMARK } from './targets/HMARK.ts';
import { IDLETIMER } from './targets/IDLETIMER.ts';
import { LED } from './targets/LED.ts';
import { LOG } from './targets/LOG.ts';
import { MARK } from './targets/MARK.ts';
import { MASQUERADE } from './targets/MASQUERADE.ts';
import { NETMAP } from './targets/NETMAP.ts';
import { NFLOG } from './targets/NFLOG.ts';
import { NFQUEUE } from './targets/NFQUEUE.ts';
import { DNPT, SNPT } from './targets/NPT.ts';
import { RATEEST } from './targets/RATEEST.ts';
import { REDIRECT } from './targets/REDIRECT.ts';
import { REJECT, REJECT6 } from './targets/REJECT.ts';
import { SECMARK } from './targets/SECMARK.ts';
import { SET } from './targets/SET.ts';
import { SNAT } from './targets/SNAT.ts';
import { SYNPROXY } from './targets/SYNPROXY.ts';
import { TCPMSS } from './targets/TCPMSS.ts';
import { TCPOPTSTRIP } from './targets/TCPOPTSTRIP.ts';
import { TEE } from './targets/TEE.ts';
import { TOS } from './targets/TOS.ts';
import { TPROXY } from './targets/TPROXY.ts';
import { TRACE } from './targets/TRACE.ts';
import { HL, TTL } from './targets/TTL.ts';
import { ULOG } from './targets/ULOG.ts';

export const registry = new Registry<TargetDefinition>([
  [AUDIT, 'AUDIT'],
  [CHECKSUM, 'CHECKSUM'],
  [CLASSIFY, 'CLASSIFY'],
  [CLUSTERIP, 'CLUSTERIP', [4]],
  [CONNMARK, 'CONNMARK'],
  [CONNSECMARK, 'CONNSECMARK'],
  [CT, 'CT'],
  [DNAT, 'DNAT'],
  [DNPT, 'DNPT', [6]],
  [DSCP, 'DSCP'],
  [ECN, 'ECN', [4]],
  [HL, 'HL', [6]],
  [HMARK, 'HMARK'],
  [IDLETIMER, 'IDLETIMER'],
  [LED, 'LED'],
  [LOG, 'LOG'],
  [MARK, 'MARK'],
  [MASQUERADE, 'MASQUERADE'],
  [NETMAP, 'NETMAP'],
  [NFLOG, 'NFLOG'],
  [NFQUEUE, 'NFQUEUE'],
  [NOTRACK, 'NOTRACK'],
  [RATEEST, 'RATEEST'],
  [REDIRECT, 'REDIRECT'],
  [REJECT, 'REJECT', [4]],
  [REJECT6, 'REJECT', [6]],
  [SECMARK, 'SECMARK'],
  [SET, 'SET'],
  [SNAT, 'SNAT'],
  [SNPT, 'SNPT', [6]],
  [SYNPROXY, 'SYNPROXY'],
  [TCPMSS, 'TCPMSS'],
  [TCPOPTSTRIP, 'TCPOPTSTRIP'],
  [TEE, 'TEE'],
  [TOS, 'TOS'],
  [TPROXY, 'TPROXY'],
  [TRACE, 'TRACE'],
  [TTL, 'TTL', [4]],
  [ULOG, 'ULOG', [4]],
]);

/** All there are; a rule asks for few of them. */
export function allTargets(): readonly TargetDefinition[] {
  return registry.all();
}

export function findTarget(name: string, family: Family): TargetDefinition | undefined {
  return registry.find(name, family);
}

/** Why a name that is a target elsewhere is none in this family. */
export function knownExtension(name: string, family: Family): string | undefined {
  const other = family === 4 ? 6 : 4;
  return registry.has(name, other) && !registry.has(name, family)
    ? `target ${name} exists for IPv${other} only`
    : undefined;
}

export function targetsWithOption(option: string, family: Family): string[] {
  return allTargets()
    .filter(
      (target) => (target.families ?? [family]).includes(family) && optionNames(target.options).has(option),
    )
    .map((target) => target.name);
}
