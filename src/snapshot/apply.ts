/** State-changing commands applied to a copy of a snapshot: for proving a fix, and for what-ifs. No shell is run. */
import type { Issue } from '../base/issue.ts';
import type { Span } from '../base/span.ts';
import { hostOf, localName } from '../input/host.ts';
import { applyBridge } from './apply/bridge.ts';
import { settleCarrier, settlePorts } from './apply/carrier.ts';
import { applyConntrack } from './apply/conntrack.ts';
import { applyIp } from './apply/ip.ts';
import { applyLinkLife } from './apply/ip-link-life.ts';
import { applyIpset } from './apply/ipset.ts';
import { applyIptables } from './apply/iptables.ts';
import { applyNetns } from './apply/netns.ts';
import { applyNft } from './apply/nft.ts';
import { inWordsOfIp } from './apply/old-tools.ts';
import { applySysctl, setSysctl } from './apply/sysctl.ts';
import { type Target, targetsOf } from './apply/target.ts';
import { type Problem, problem, splitCommands } from './apply/words.ts';
import { viewOf, withView } from './machines.ts';
import type { Netns, Snapshot } from './snapshot.ts';

export interface Applied {
  /** With the command's effect; the snapshot given, untouched, when there is an issue. */
  readonly snapshot: Snapshot;
  /** Why the command was not applied: the kernel would refuse it, or it is not modelled. */
  readonly issue?: Issue;
  /** The reason alone, and the interface that it lacks. */
  readonly problem?: Problem;
}

/**
 * `namespaceName` is where the command is typed; prefixes such as `ip netns exec NS` lead elsewhere. Several commands may be
 * joined with `&&` or `;`. All are applied or none. Objects of the snapshot given are never changed. `span`: where the command
 * stands, for what it makes; without it, its own text.
 */
export function applyCommand(
  snapshot: Snapshot,
  namespaceName: string,
  commandText: string,
  span?: Span,
): Applied {
  const host = snapshot.hosts && hostOf(namespaceName);
  if (host !== undefined) {
    const view = viewOf(snapshot, host);
    const applied = applyCommand(view, localName(namespaceName), commandText, span);
    return { ...applied, snapshot: applied.problem ? snapshot : withView(snapshot, host, applied.snapshot) };
  }
  const refuse = (reason: Problem): Applied => ({
    snapshot,
    problem: reason,
    issue: {
      severity: 'error',
      code: 'command-not-applied',
      text: `\`${commandText.trim()}\` in ${namespaceName}: ${reason.problem}`,
      ...(span && { path: span.path, line: span.line }),
    },
  });
  const commands = splitCommands(commandText);
  if ('problem' in commands) return refuse(commands);
  let current = snapshot;
  for (const words of commands) {
    const targets = targetsOf(current, namespaceName, words);
    if ('problem' in targets) return refuse(targets);
    for (const target of targets) {
      const next = applyTarget(current, target, span);
      if ('problem' in next) return refuse(next);
      current = next;
    }
  }
  return { snapshot: current };
}

function applyTarget(snapshot: Snapshot, target: Target, given: Span | undefined): Snapshot | Problem {
  const span: Span = given ?? { path: target.words.join(' '), line: 1 };
  const older = inWordsOfIp(target.words);
  if (older && 'problem' in older) return older;
  let current = snapshot;
  for (const words of older ? older.map((each) => ['ip', ...each]) : [target.words]) {
    const next = applyOne(current, target.namespace, words, span);
    if ('problem' in next) return next;
    current = next;
  }
  return current;
}

function applyOne(
  snapshot: Snapshot,
  namespace: string,
  words: readonly string[],
  span: Span,
): Snapshot | Problem {
  const across = acrossNamespaces(snapshot, namespace, words, span);
  if (across) return 'problem' in across ? across : settleCarrier(snapshot, across);
  const netns = snapshot.namespaces.get(namespace);
  if (!netns) return problem(`no namespace ${namespace} is known`);
  const next = run(netns, words, span);
  if ('problem' in next) return next;
  const namespaces = new Map(snapshot.namespaces).set(namespace, settlePorts(next));
  return settleCarrier(snapshot, { ...snapshot, namespaces });
}

/** What makes, moves and ends namespaces and devices. */
function acrossNamespaces(
  snapshot: Snapshot,
  namespace: string,
  words: readonly string[],
  span: Span,
): Snapshot | Problem | undefined {
  const [name, ...rest] = words.filter((word, i) => i === 0 || !/^-[46]$|^-(?:d|s|j|br)$/.test(word));
  const [object = '', ...given] = rest;
  if (name !== 'ip' || object === '') return undefined;
  if (object === 'netns') return applyNetns(snapshot, given, span);
  return 'link'.startsWith(object) ? applyLinkLife(snapshot, namespace, given, span) : undefined;
}

function run(netns: Netns, words: readonly string[], span: Span): Netns | Problem {
  const [name = '', ...rest] = words;
  if (name === 'ip') return applyIp(netns, rest, span);
  if (name === 'bridge') return applyBridge(netns, rest, span);
  if (name === 'sysctl') return applySysctl(netns, rest, span);
  if (/^ip6?tables(-nft|-legacy)?$/.test(name)) return applyIptables(netns, name, rest, span);
  if (name === 'nft') return applyNft(netns, rest, span);
  if (name === 'conntrack') return applyConntrack(netns, rest);
  if (name === 'ipset') return applyIpset(netns, rest, span);
  if (name === 'echo' || name === 'printf') return writeSetting(netns, rest, span);
  return problem(`what \`${name}\` does is not modelled`);
}

/** `echo 1 > /proc/sys/net/…`, `echo 1 | sudo tee /proc/sys/net/…`. */
function writeSetting(netns: Netns, words: readonly string[], span: Span): Netns | Problem {
  const at = words.findIndex((word) => word === '>' || word === '|');
  const values = words.slice(0, at).filter((word) => word !== '-n');
  const behind = words.slice(at + 1).filter((word) => word !== 'sudo' && word !== 'tee' && word !== '-a');
  const [path = ''] = behind;
  if (at < 0 || values.length === 0 || behind.length !== 1 || !path.startsWith('/proc/sys/')) {
    return problem('only `echo VALUE > /proc/sys/…` is applied');
  }
  return setSysctl(netns, path, values.join(' '), span);
}
