import { shellWord } from '../base/shell.ts';
import { hostOf, isRoot, localName } from '../input/host.ts';
import { formatEndpoint, formatIp, type Ip } from '../net/ip.ts';
import { protocolName } from '../net/protocol.ts';
import type { Trace } from '../netstack/hop.ts';
import type { Netns } from '../snapshot/snapshot.ts';
import { splitShell } from '../xtables/tokens.ts';
import { type Case, netnsOf, type Scene } from './case.ts';
import type { Command } from './cause.ts';

/** `ns1`, `container web`, `the host`: a namespace in a sentence; of several machines `ns1 of node-1`, `node-1`. */
export function nameOf(kase: Scene, namespace: string): string {
  const netns = netnsOf(kase, namespace);
  const host = hostOf(namespace);
  if (host !== undefined && isRoot(namespace)) return host;
  const machine = host === undefined ? '' : ` of ${host}`;
  if (netns?.container !== undefined) return `container ${netns.container}${machine}`;
  return isRoot(namespace) ? 'the host' : `${localName(namespace)}${machine}`;
}

/** A command as somebody on the machine types it: entered into its namespace. */
export function typed(kase: Scene, command: Command): string {
  const netns = netnsOf(kase, command.namespace);
  return entered(netns, command);
}

export function entered(netns: Netns | undefined, command: Command): string {
  const text = splitShell(command.text)
    .map((word) => shellWord(word.text))
    .join(' ');
  const host = hostOf(command.namespace);
  const machine = host === undefined ? '' : `  # on ${host}`;
  if (isRoot(command.namespace)) return `${text}${machine}`;
  const { container, pid } = netns ?? {};
  // `sleep-4711`: collect names a namespace so that ip-netns(8) has no name for.
  const byProcess = container !== undefined || command.namespace.endsWith(`-${pid}`);
  if (pid !== undefined && byProcess) return `nsenter -t ${pid} -n ${text}${machine}`;
  return `ip netns exec ${shellWord(localName(command.namespace))} ${text}${machine}`;
}

export function requestName(kase: Case): string {
  const { flow } = kase;
  const protocol = protocolName(flow.protocol);
  if (flow.protocol === 1 || flow.protocol === 58)
    return `the echo request to ${formatIp(flow.server.address)}`;
  if (flow.protocol === 6) return `the SYN to ${formatEndpoint(flow.server.address, flow.server.port)}`;
  return `the ${protocol} packet to ${formatEndpoint(flow.server.address, flow.server.port || undefined)}`;
}

/** The last interface a trace came in by, and the one it left (or would have left) by. */
export function inInterface(trace: Trace): string | undefined {
  return trace.hops.at(-1)?.in;
}

export function outInterface(trace: Trace): string | undefined {
  return trace.hops.at(-1)?.out ?? routeOut(trace);
}

function routeOut(trace: Trace): string | undefined {
  for (const step of trace.hops.at(-1)?.steps.toReversed() ?? []) {
    if (step.kind === 'route' && step.out !== undefined) return step.out;
  }
  return undefined;
}

export function prefixText(address: Ip, length: number): string {
  return `${formatIp(address)}/${length}`;
}

/** The command for the flow's family; that of the legacy backend where the rules were saved from it by name. */
export function iptablesOf(kase: Case, rulesPath = ''): string {
  const tool = kase.flow.family === 4 ? 'iptables' : 'ip6tables';
  return /legacy[^/]*$/.test(rulesPath) ? `${tool}-legacy` : tool;
}

export function ipOf(kase: Case): 'ip' | 'ip -6' {
  return kase.flow.family === 4 ? 'ip' : 'ip -6';
}

/** At the beginning of a sentence: `The host`, `Container web`, `The SYN to …`; a namespace's own name stays as it is. */
export function capital(text: string): string {
  return /^(the|container|nobody|somebody) /.test(text)
    ? text.slice(0, 1).toUpperCase() + text.slice(1)
    : text;
}
