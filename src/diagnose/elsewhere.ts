/** Who listens on a port in other namespaces than the one that was asked, and by which address it is reached from there. */

import { isLoopback } from '../correlate/owner.ts';
import type { Socket } from '../dump/records.ts';
import { familyOf, type Ip } from '../net/ip.ts';
import { contains, networkOf } from '../net/prefix.ts';
import { protocolName } from '../net/protocol.ts';
import { machineOf } from '../snapshot/machines.ts';
import type { Netns } from '../snapshot/snapshot.ts';
import { type Case, netnsOf } from './case.ts';
import type { Evidence } from './finding.ts';
import { addressOf } from './published.ts';
import { reaches } from './reaches.ts';
import { isLoopbackSocket, listeners, socketEvidence } from './refusal.ts';

export interface Elsewhere {
  readonly namespace: string;
  readonly process: string;
  /** Bound to its own namespace’s loopback: nobody else reaches it as it is. */
  readonly loopbackOnly: boolean;
  /** What to ask instead. Undefined: no address of it is known. */
  readonly address?: Ip;
  readonly port: number;
  /** The model carries a request there and the answer back. */
  readonly reachable?: boolean;
  readonly evidence: Evidence;
}

/** Those that can be reached first, then those on a subnet of the asker’s. */
export function listensElsewhere(kase: Case, asker: string, port: number): Elsewhere[] {
  const found: Elsewhere[] = [];
  for (const netns of kase.snapshot.namespaces.values()) {
    if (netns.name === asker) continue;
    const sockets = listeners(kase, netns.sockets).filter((socket) => socket.port === port);
    // One that all can reach tells more than one of its own.
    const socket = sockets.find((one) => !isLoopbackSocket(one)) ?? sockets[0];
    if (!socket) continue;
    found.push(
      isProxy(socket) ? behindProxy(kase, asker, netns, socket) : directly(kase, asker, netns, socket),
    );
  }
  const rank = (one: Elsewhere) => (one.loopbackOnly ? 2 : 0) + (one.reachable ? 0 : 1);
  return found.toSorted((left, right) => rank(left) - rank(right));
}

const isProxy = (socket: Socket) => /^docker-pr/.test(socket.process ?? '');

function directly(kase: Case, asker: string, netns: Netns, socket: Socket): Elsewhere {
  const loopbackOnly = isLoopbackSocket(socket);
  const bound = loopbackOnly ? undefined : socket.address;
  const address = bound ?? addressFor(kase, netnsOf(kase, asker), netns);
  const reachable =
    address !== undefined && !loopbackOnly && reaches(kase, asker, address, socket.port) ? true : undefined;
  return {
    namespace: netns.name,
    process: socket.process ?? 'a process',
    loopbackOnly,
    ...(address !== undefined && { address }),
    port: socket.port,
    ...(reachable && { reachable }),
    evidence: socketEvidence(socket),
  };
}

/** The service is in the container; on the host’s port is Docker’s proxy. */
function behindProxy(kase: Case, asker: string, netns: Netns, socket: Socket): Elsewhere {
  const protocol = protocolName(kase.flow.protocol);
  const { docker, containerNamespaces } = machineOf(kase.snapshot, netns.name);
  for (const container of docker.containers) {
    const published = container.published.find(
      (one) => one.hostPort === socket.port && one.protocol === protocol,
    );
    const address = addressOf(container);
    const namespace = containerNamespaces?.get(container.name);
    if (!published || address === undefined || namespace === undefined || !container.running) continue;
    const reachable = reaches(kase, asker, address, published.containerPort);
    return {
      namespace,
      process: container.name,
      loopbackOnly: false,
      address,
      port: published.containerPort,
      ...(reachable && { reachable }),
      evidence: socketEvidence(socket),
    };
  }
  return directly(kase, asker, netns, socket);
}

/** The one on a subnet that both have; else any that is no loopback or link-local one. */
function addressFor(kase: Case, asker: Netns | undefined, netns: Netns): Ip | undefined {
  const own = (asker?.links ?? [])
    .flatMap(({ addresses }) => addresses)
    .filter(({ address }) => !isLoopback(address));
  const theirs = (netns.links ?? [])
    .filter(({ name }) => name !== 'lo')
    .flatMap(({ addresses }) => addresses)
    .filter(({ address, scope }) => scope === 'global' && familyOf(address) === kase.flow.family)
    .map(({ address }) => address);
  const near = theirs.find((address) =>
    own.some(
      (mine) =>
        familyOf(mine.address) === familyOf(address) &&
        contains(networkOf(mine.address, mine.length), address),
    ),
  );
  return near ?? theirs[0];
}
