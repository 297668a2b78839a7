import type { DockerContainer, PublishedPort, Socket } from '../../dump/records.ts';
import { isRoot, rootOf } from '../../input/host.ts';
import { familyOf, formatIp } from '../../net/ip.ts';
import { machineOf } from '../../snapshot/machines.ts';
import { netnsOf, type Scene } from '../case.ts';
import type { Cause, Found } from '../cause.ts';
import { socketEvidence } from '../refusal.ts';
import { nameOf } from '../words.ts';

/** inet_csk_get_port(), net/ipv4/inet_connection_sock.c: -EADDRINUSE beside a listener of the port. */
export const sockPortConflict: Cause = {
  id: 'sock-port-conflict',
  title: 'The port that is to be published belongs to another program',
  severity: 'error',
  page: () => ({
    symptom:
      'A container or service doesn’t start: "address already in use", "port is already allocated". Who connects to the port meets another program.',
    mechanism:
      'Only one socket listens on a port of an address, and one on all addresses takes the port of each. Docker binds a published port on the host before it starts the container; where that fails, it writes the error into the container’s state and leaves it stopped. Between containers Docker refuses the second by its own books.',
    check: 'docker inspect -f "{{.State.Error}}" CONTAINER; ss -lntup (on the host): who has the port',
    proof:
      'The stopped container’s State.Error names the published port and "already in use" or "already allocated", and on the host another program (or the docker-proxy of another container) listens there.',
    refutation:
      'A container that runs; a listener on another address only; nobody on the port any more: then docker start is enough.',
    settledBy: ['ss -lntup (on the host)', 'docker inspect CONTAINER', 'docker ps'],
    repair:
      'Stop the program that has the port or move it to another, or publish the container at another port or on one address that is free, and start it again.',
    references: [
      'net/ipv4/inet_connection_sock.c: inet_csk_get_port(), inet_csk_bind_conflict()',
      'bind(2), listen(2): EADDRINUSE',
      'docs.docker.com: Port publishing and mapping',
      'ss(8)',
    ],
  }),
  survey(scene) {
    const roots = [...scene.snapshot.namespaces.keys()].filter(isRoot);
    return (roots.length === 0 ? [rootOf('')] : roots).flatMap((root) =>
      machineOf(scene.snapshot, root).docker.containers.flatMap((container) =>
        conflictsOf(scene, container, root),
      ),
    );
  },
};

/** What Docker and the kernel say; both with the address and port. */
const TAKEN = /port is already allocated|address already in use/i;

function conflictsOf(scene: Scene, container: DockerContainer, root: string): Found[] {
  const { startError, running, published } = container;
  if (running || !startError || !TAKEN.test(startError.text)) return [];
  const sockets = netnsOf(scene, root)?.sockets;
  return published
    .filter(({ hostPort }) => new RegExp(`:${hostPort}(?!\\d)`).test(startError.text))
    .flatMap((port) => {
      const holder = sockets?.find((socket) => holds(socket, port));
      const other = machineOf(scene.snapshot, root).docker.containers.find(
        (each) => each.running && each.published.some((theirs) => isSame(theirs, port)),
      );
      if (sockets && !holder) return [];
      // Its own proxy: Docker was starting it, or has left it behind.
      if (holder?.process === 'docker-proxy' && !other) return [];
      return [foundOf(scene, root, container, startError, port, holder, other)];
    });
}

function foundOf(
  scene: Scene,
  root: string,
  container: DockerContainer,
  startError: NonNullable<DockerContainer['startError']>,
  port: PublishedPort,
  holder: Socket | undefined,
  other: DockerContainer | undefined,
): Found {
  const where = nameOf(scene, root);
  const at = `${port.protocol} port ${port.hostPort}`;
  const program =
    holder?.process === undefined
      ? 'another program'
      : `${holder.process}${holder.pid === undefined ? '' : ` (pid ${holder.pid})`}`;
  const who = other ? `container ${other.name}` : program;
  const known = holder !== undefined;
  return {
    // Without its process the listener may be this container's own proxy.
    confidence: known && (other || holder.process !== undefined) ? 0.95 : 0.55,
    title: known
      ? `container ${container.name} can’t publish ${at}: ${who} has it`
      : `container ${container.name} can’t publish ${at}: it was taken, it seems`,
    explanation:
      `Container ${container.name} is to be published at ${at} of ${where}, and isn’t running: Docker could not bind the port when it started the container. ` +
      (known
        ? `${other ? `Container ${other.name} is published there` : `${program} listens there`}, so who connects to it meets that instead.${other || holder?.process !== undefined ? '' : ` Which program that is, ss -lntup as root on ${where} tells.`}`
        : `No dump shows who listens there; ss -lntup on ${where} would.`),
    namespace: root,
    group: `${container.name} ${port.protocol} ${port.hostPort}`,
    status: 'no-reply',
    evidence: [
      {
        path: startError.span.path,
        line: startError.span.line,
        text: `State.Error of ${container.name}: ${startError.text.slice(0, LONGEST)}`,
      },
      { path: port.span.path, line: port.span.line, text: `${container.name} publishes ${bindingOf(port)}` },
      ...(holder ? [socketEvidence(holder)] : []),
    ],
    fix: [],
    replay: false,
    effect:
      `Stop ${known ? who : 'what listens there'} or let it have another port, and then docker start ${container.name}; ` +
      `or make ${container.name} anew with another port (-p OTHER:${port.containerPort}).`,
  };
}

/** Of an error's text, which may be anything. */
const LONGEST = 240;

function holds({ protocol, state, address, port, family }: Socket, published: PublishedPort): boolean {
  if (protocol !== published.protocol || port !== published.hostPort) return false;
  // An IPv6 socket that takes no IPv4 is in the way of an IPv6 binding alone.
  const { hostAddress } = published;
  if (family === 6 && (hostAddress === undefined || familyOf(hostAddress) === 4)) return false;
  if (state !== 'LISTEN' && state !== 'UNCONN') return false;
  return address === undefined || published.hostAddress === undefined || address === published.hostAddress;
}

function isSame(left: PublishedPort, right: PublishedPort): boolean {
  if (left.protocol !== right.protocol || left.hostPort !== right.hostPort) return false;
  const [one, two] = [left.hostAddress, right.hostAddress];
  return one === undefined || two === undefined || one === two;
}

function bindingOf({ hostAddress, hostPort, containerPort, protocol }: PublishedPort): string {
  const address = hostAddress === undefined ? 'all addresses' : formatIp(hostAddress);
  return `port ${hostPort} of ${address} for ${containerPort}/${protocol}`;
}
