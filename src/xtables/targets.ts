/** Every target there is: one file each, one line each here. The verdicts and jumps need no definition. */
import type { Family } from '../net/ip.ts';
import type { TargetDefinition } from './extension.ts';
import { optionNames } from './options.ts';
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

export const TARGETS: readonly TargetDefinition[] = [
  AUDIT,
  CHECKSUM,
  CLASSIFY,
  CLUSTERIP,
  CONNMARK,
  CONNSECMARK,
  CT,
  DNAT,
  DNPT,
  DSCP,
  ECN,
  HL,
  HMARK,
  IDLETIMER,
  LED,
  LOG,
  MARK,
  MASQUERADE,
  NETMAP,
  NFLOG,
  NFQUEUE,
  NOTRACK,
  RATEEST,
  REDIRECT,
  REJECT,
  REJECT6,
  SECMARK,
  SET,
  SNAT,
  SNPT,
  SYNPROXY,
  TCPMSS,
  TCPOPTSTRIP,
  TEE,
  TOS,
  TPROXY,
  TRACE,
  TTL,
  ULOG,
];

const BY_NAME = new Map<string, TargetDefinition>();
for (const target of TARGETS) {
  for (const family of target.families ?? ([4, 6] as const)) {
    for (const name of [target.name, ...(target.aliases ?? [])]) BY_NAME.set(`${family} ${name}`, target);
  }
}

export function findTarget(name: string, family: Family): TargetDefinition | undefined {
  return BY_NAME.get(`${family} ${name}`);
}

/** Why a name that is a target elsewhere is none in this family. */
export function knownExtension(name: string, family: Family): string | undefined {
  const other = family === 4 ? 6 : 4;
  return BY_NAME.has(`${other} ${name}`) && !BY_NAME.has(`${family} ${name}`)
    ? `target ${name} exists for IPv${other} only`
    : undefined;
}

export function targetsWithOption(option: string, family: Family): string[] {
  return TARGETS.filter(
    (target) => (target.families ?? [family]).includes(family) && optionNames(target.options).has(option),
  ).map((target) => target.name);
}
