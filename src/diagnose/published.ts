import type { DockerContainer, ListedContainer, PublishedPort } from '../dump/records.ts';
import { formatIp, type Ip } from '../net/ip.ts';
import { applyMask } from '../net/prefix.ts';
import { protocolName } from '../net/protocol.ts';
import type { Rule } from '../xtables/rule.ts';
import { type Case, netnsOf } from './case.ts';
import type { Evidence, Finding } from './finding.ts';
import { listeners } from './refusal.ts';

/** A container that publishes the port the flow asked its host for. */
export function publisherOf(kase: Case): { container: DockerContainer; port: PublishedPort } | undefined {
  const protocol = protocolName(kase.flow.protocol);
  for (const container of kase.snapshot.docker.containers) {
    const port = container.published.find(
      (one) => one.protocol === protocol && one.hostPort === kase.flow.server.port,
    );
    if (container.running && port) return { container, port };
  }
  return undefined;
}

/** Of those that only `docker ps` tells of: who publishes the port, by the last word on it. */
export function listedPublisherOf(
  kase: Case,
): { container: ListedContainer; port: PublishedPort; evidence: Evidence } | undefined {
  const protocol = protocolName(kase.flow.protocol);
  const { address } = kase.flow.server;
  for (const container of kase.snapshot.docker.listed ?? []) {
    const port = container.published.find(
      (one) =>
        one.protocol === protocol &&
        one.hostPort === kase.flow.server.port &&
        (one.hostAddress === undefined || one.hostAddress === address),
    );
    if (!port || !container.running) continue;
    const { path, line } = container.span;
    const at = port.hostAddress === undefined ? '' : `${formatIp(port.hostAddress)}:`;
    const text = `container ${container.name} (${container.image}) runs and publishes ${at}${port.hostPort} as ${port.containerPort}/${port.protocol}`;
    return { container, port, evidence: { path, line, text } };
  }
  return undefined;
}

/** What `docker ps -a` lists as not running: it prints no ports of theirs. */
export function listedStopped(kase: Case): readonly ListedContainer[] {
  return (kase.snapshot.docker.listed ?? []).filter(({ running }) => !running);
}

export function addressOf(container: DockerContainer): Ip | undefined {
  return container.endpoints.find((endpoint) => endpoint.address !== undefined)?.address;
}

/** DNAT rules of a namespace, with their place. */
export function dnatRules(
  kase: Case,
  namespace: string,
): { rule: Rule; place: NonNullable<Finding['rule']> }[] {
  const netns = netnsOf(kase, namespace);
  const rulesets = (kase.flow.family === 4 ? netns?.rulesets4 : netns?.rulesets6) ?? [];
  return rulesets.flatMap((ruleset) =>
    [...(ruleset.tables.get('nat')?.chains.values() ?? [])].flatMap((chain) =>
      chain.rules.flatMap((rule, index) =>
        rule.target?.kind === 'extension' && rule.target.name === 'DNAT'
          ? [
              {
                rule,
                place: {
                  family: ruleset.family,
                  table: 'nat',
                  chain: chain.name,
                  number: index + 1,
                  text: rule.text,
                  path: rule.span.path,
                  line: rule.span.line,
                },
              },
            ]
          : [],
      ),
    ),
  );
}

/** Why a DNAT rule that is for this port does not take this packet; undefined when it is for something else. */
export function nearMissOf(kase: Case, rule: Rule): string | undefined {
  const { flow } = kase;
  const ports = /--dports? (\S+)/.exec(rule.text)?.[1];
  const protocol = protocolName(flow.protocol);
  const wanted = String(flow.server.port);
  const names = ports?.split(',') ?? [];
  const samePort = names.some((name) => name === wanted || inRange(name, flow.server.port));
  const sameProtocol = rule.protocol === undefined || rule.protocol.protocol === flow.protocol;
  if (samePort && !sameProtocol)
    return `it is for ${protocolName(rule.protocol?.protocol ?? 0)}, and the client comes with ${protocol}`;
  if (!samePort) return undefined;
  if (rule.destination && typeof rule.destination.address === typeof flow.server.address) {
    const holds =
      (applyMask(flow.server.address, rule.destination.mask) === rule.destination.address) !==
      rule.destination.invert;
    if (!holds)
      return `its -d is ${formatIp(rule.destination.address)}, and the client asks ${formatIp(flow.server.address)}`;
  }
  const first = kase.prediction?.there.hops.at(-1)?.in;
  if (rule.in && first !== undefined) {
    const same = rule.in.wildcard ? first.startsWith(rule.in.name) : first === rule.in.name;
    if (same === rule.in.invert)
      return `its -i ${rule.in.invert ? 'excludes' : 'asks for'} ${rule.in.name}, and the packet comes in by ${first}`;
  }
  if (rule.source && typeof rule.source.address === typeof flow.client.address) {
    const holds =
      (applyMask(flow.client.address, rule.source.mask) === rule.source.address) !== rule.source.invert;
    if (!holds) return `its -s does not cover the client ${formatIp(flow.client.address)}`;
  }
  return 'another of its conditions does not hold for this packet, or it is not reached';
}

function inRange(text: string, port: number): boolean {
  const [low, high] = text.split(':').map(Number);
  return low !== undefined && high !== undefined && port >= low && port <= high;
}

/** A namespace behind the host where something listens on the port that was asked for. */
export function serviceBehind(
  kase: Case,
  host: string,
): { namespace: string; address: Ip; port: number } | undefined {
  for (const netns of kase.snapshot.namespaces.values()) {
    if (netns.name === host) continue;
    const socket = listeners(kase, netns.sockets).find(
      (one) => one.port === kase.flow.server.port && one.device !== 'lo',
    );
    const address = netns.links
      ?.filter((link) => link.name !== 'lo')
      .flatMap((link) => link.addresses)
      .find(
        (candidate) =>
          typeof candidate.address === typeof kase.flow.server.address && candidate.scope === 'global',
      )?.address;
    if (socket && address !== undefined) return { namespace: netns.name, address, port: socket.port };
  }
  return undefined;
}
