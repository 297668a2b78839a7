/** Which namespace a command runs in: `sudo`, `ip netns exec`, `ip -n`, `nsenter`, `docker exec`, `sh -c` in front of it. */
import type { Snapshot } from '../snapshot.ts';
import { type Problem, problem, splitCommands } from './words.ts';

export interface Target {
  readonly namespace: string;
  readonly words: readonly string[];
}

/** The commands behind the prefixes; several when `sh -c` holds several. */
export function targetsOf(
  snapshot: Snapshot,
  namespace: string,
  words: readonly string[],
): readonly Target[] | Problem {
  const [command = '', ...rest] = words;
  const name = command.slice(command.lastIndexOf('/') + 1);
  if (name === 'sudo' || name === 'doas')
    return targetsOf(snapshot, namespace, afterOptions(rest, SUDO_VALUES));
  if (name === 'env' || name === 'command' || name === 'exec' || name === 'time') {
    return targetsOf(
      snapshot,
      namespace,
      rest.filter((word, i) => !(i === 0 && /^\w+=/.test(word))),
    );
  }
  if (name === 'ip') return ipTarget(snapshot, namespace, words, rest);
  if (name === 'nsenter') return nsenterTarget(snapshot, namespace, rest);
  if (name === 'docker' || name === 'podman' || name === 'nerdctl') return dockerTarget(snapshot, rest, name);
  if (name === 'sh' || name === 'bash' || name === 'ash') return shellTarget(snapshot, namespace, rest, name);
  return [{ namespace, words: [name, ...rest] }];
}

const SUDO_VALUES = new Set(['-u', '-g', '-C', '-h', '-p', '-D', '-r', '-t']);

function afterOptions(words: readonly string[], withValue: ReadonlySet<string>): readonly string[] {
  let at = 0;
  while (words[at]?.startsWith('-')) at += withValue.has(words[at] ?? '') ? 2 : 1;
  return words.slice(at);
}

function ipTarget(
  snapshot: Snapshot,
  namespace: string,
  words: readonly string[],
  rest: readonly string[],
): readonly Target[] | Problem {
  const option = rest.findIndex((word) => word === '-n' || word === '-netns');
  const firstPlain = rest.findIndex((word) => !word.startsWith('-'));
  if (option >= 0 && option < firstPlain) {
    const named = namespaceNamed(snapshot, rest[option + 1] ?? '');
    if (typeof named !== 'string') return named;
    return targetsOf(snapshot, named, ['ip', ...rest.slice(0, option), ...rest.slice(option + 2)]);
  }
  const [object = '', verb = '', name = '', ...inner] = rest;
  if (object === 'netns' && verb === 'exec') {
    const named = namespaceNamed(snapshot, name);
    return typeof named === 'string' ? targetsOf(snapshot, named, inner) : named;
  }
  return [{ namespace, words: ['ip', ...words.slice(1)] }];
}

function nsenterTarget(
  snapshot: Snapshot,
  namespace: string,
  rest: readonly string[],
): readonly Target[] | Problem {
  let target: string | Problem | undefined;
  let pid: string | undefined;
  let net = false;
  let at = 0;
  for (; at < rest.length && rest[at]?.startsWith('-'); at++) {
    const word = rest[at] ?? '';
    const value = /^--(?:net|target)=(.*)$/.exec(word)?.[1] ?? /^-[nt](.+)$/.exec(word)?.[1];
    if (word.startsWith('-n') || word.startsWith('--net')) {
      net = true;
      if (value !== undefined) target = namespaceNamed(snapshot, value);
    } else if (word.startsWith('-t') || word.startsWith('--target')) {
      pid = value ?? rest[++at];
    } else if (word === '-a' || word === '--all') net = true;
    else if (word === '--') {
      at++;
      break;
    }
  }
  if (target === undefined && net && pid !== undefined) target = namespaceOfPid(snapshot, Number(pid));
  if (target === undefined) target = net ? problem('nsenter without --net=FILE or --target PID') : namespace;
  return typeof target === 'string' ? targetsOf(snapshot, target, rest.slice(at)) : target;
}

function dockerTarget(
  snapshot: Snapshot,
  rest: readonly string[],
  name: string,
): readonly Target[] | Problem {
  const words = rest[0] === 'container' ? rest.slice(1) : rest;
  if (words[0] !== 'exec') {
    return problem(`what \`${name} ${words[0] ?? ''}\` does to the network is not modelled`);
  }
  const [container = '', ...inner] = afterOptions(words.slice(1), DOCKER_VALUES);
  const known = snapshot.docker.containers.find(
    (candidate) =>
      candidate.name === container || (container.length >= 4 && candidate.id.startsWith(container)),
  );
  const owner = known && snapshot.containerNamespaces?.get(known.name);
  if (owner !== undefined) return targetsOf(snapshot, owner, inner);
  for (const netns of snapshot.namespaces.values()) {
    if (netns.container === container) return targetsOf(snapshot, netns.name, inner);
  }
  return problem(`no running container ${container} is known`);
}

const DOCKER_VALUES = new Set([
  '-u',
  '--user',
  '-w',
  '--workdir',
  '-e',
  '--env',
  '--env-file',
  '--detach-keys',
]);

function shellTarget(
  snapshot: Snapshot,
  namespace: string,
  rest: readonly string[],
  name: string,
): readonly Target[] | Problem {
  const [option, script, ...more] = rest;
  if (option === undefined || !/^-\w*c$/.test(option) || script === undefined || more.length > 0) {
    return problem(`only \`${name} -c 'COMMAND'\` is applied`);
  }
  const commands = splitCommands(script);
  if ('problem' in commands) return commands;
  const targets: Target[] = [];
  for (const words of commands) {
    const inner = targetsOf(snapshot, namespace, words);
    if ('problem' in inner) return inner;
    targets.push(...inner);
  }
  return targets;
}

/** By its name, or by the path that ends in it (`/var/run/netns/red`, `/proc/1234/ns/net`). */
function namespaceNamed(snapshot: Snapshot, text: string): string | Problem {
  const pid = /^\/proc\/(\d+)\/ns\/net$/.exec(text)?.[1];
  if (pid !== undefined) return namespaceOfPid(snapshot, Number(pid));
  const name = text.slice(text.lastIndexOf('/') + 1);
  if (snapshot.namespaces.has(name)) return name;
  const sandboxed = snapshot.docker.containers.find(
    (container) => container.sandboxKey !== undefined && container.sandboxKey === text,
  );
  const owner = sandboxed && snapshot.containerNamespaces?.get(sandboxed.name);
  return owner ?? problem(`no namespace ${name} is known`);
}

function namespaceOfPid(snapshot: Snapshot, pid: number): string | Problem {
  if (pid === 1) return 'host';
  for (const netns of snapshot.namespaces.values()) if (netns.pid === pid) return netns.name;
  const container = snapshot.docker.containers.find((candidate) => candidate.pid === pid);
  const owner = container && snapshot.containerNamespaces?.get(container.name);
  return owner ?? problem(`the namespace of process ${pid} is not known`);
}
