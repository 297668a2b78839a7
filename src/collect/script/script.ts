/**
 * A POSIX shell script that gathers what `collect` does, made from the same plan: for hosts without Node, busybox included. No arrays,
 * no `local`, no `timeout` taken for granted.
 */
import { shellWord } from '../../base/shell.ts';
import { VERSION } from '../../version.ts';
import { KERNEL_SYMBOLS } from '../host.ts';
import {
  COMMAND_SECONDS,
  type Condition,
  ENGINES,
  type Engine,
  type Gathering,
  HOST_PLAN,
  NAMESPACE_PLAN,
  PODMAN_STATE,
  PROCESSES,
  RESOLVER_FILES,
  SECRET_KEYS,
  VERSIONS,
  type Way,
} from '../plan.ts';
import { CAPTURE } from './capture-part.ts';
import { ENDING } from './ending-part.ts';
import { NAMESPACES } from './namespaces-part.ts';
import { RUNNING } from './running-part.ts';

/** What the script does unless its own options say otherwise. */
export interface ScriptOptions {
  /** Points with commas; empty: no capture. */
  readonly capture: string;
  readonly seconds: number;
  readonly filter?: string;
  readonly snaplen: number;
  readonly maxBytes: number;
  readonly packets?: number;
  readonly promiscuous: boolean;
  readonly only: readonly string[];
  readonly hostChoice: 'init' | 'own';
}

export function collectScript(options: ScriptOptions): string {
  const settings: readonly (readonly [string, string])[] = [
    ['points', options.capture],
    ['seconds', `${Math.ceil(options.seconds)}`],
    ['filter', options.filter ?? ''],
    ['snaplen', `${options.snaplen}`],
    ['most', `${options.maxBytes}`],
    ['packets', `${options.packets ?? ''}`],
    ['promiscuous', options.promiscuous ? 'yes' : 'no'],
    ['only', options.only.join(',')],
    ['host_namespace', options.hostChoice],
    ['limit', `${COMMAND_SECONDS}`],
    ['version', VERSION],
  ];
  return [
    HEAD,
    ...settings.map(([name, value]) => `${name}=${value === '' ? "''" : shellWord(value)}`),
    RUNNING,
    `find_modules() {\n${moduleLines().join('\n')}\n}\n`,
    NAMESPACES,
    ...ENGINES.map(engineFunction),
    `gather_counters() {\n${NAMESPACE_PLAN.filter(({ counts }) => counts)
      .map(gatheringLines)
      .join('\n')}\n}\n`,
    `gather_state() {\n${NAMESPACE_PLAN.map(gatheringLines).join('\n')}\n}\n`,
    `gather_machine() {\n${HOST_PLAN.map(gatheringLines).join('\n')}\n}\n`,
    `gather_processes() {\n${gatheringLines(PROCESSES)}\n}\n`,
    `resolver_files='${RESOLVER_FILES.join(' ')}'\n`,
    `find_versions() {\n${VERSIONS.map(([tool, option]) => `  tool_version ${tool} ${option}`).join('\n')}\n}\n`,
    CAPTURE,
    ENDING,
  ].join('\n');
}

const HEAD = `#!/bin/sh
# Gathers a bundle for nettrace analyze from this host: network namespaces,
# packet filters, sockets, counters, containers; on request with captures.
# Run it as root. It reads and changes nothing. Made by nettrace collect --print-script.
#
#   sh collect.sh [-o FILE.tar.gz] [-c eth0,web:eth0] [-d SECONDS] [-f FILTER]
`;

function moduleLines(): string[] {
  return [
    `  find_symbols '${Object.values(KERNEL_SYMBOLS).join('|')}'`,
    ...Object.entries(KERNEL_SYMBOLS).map(([name, symbol]) => `  find_module ${name} ${symbol}`),
  ];
}

function gatheringLines(gathering: Gathering): string {
  const { what, ways, otherwise, dropEmpty } = gathering;
  const [{ file, run }] = ways;
  const none = otherwise === 'none' ? `none ${file} ${shellWord(run[0])}` : 'none';
  return [
    `  begin ${shellWord(what)}${dropEmpty ? ' drop-empty' : ''}`,
    ...ways.map((way) => `  ${conditionText(way.when)}try ${wayWords(way)}`),
    `  ${none}`,
  ].join('\n');
}

function conditionText(when: Condition | undefined): string {
  const parts = [
    ...(when?.modules ?? []).map((name) => `has_module ${name} && `),
    ...(when?.lacks === undefined ? [] : [`lacks ${when.lacks} && `]),
    // Last: it takes a program.
    ...(when?.listed === undefined ? [] : [`is_listed ${when.listed} && `]),
  ];
  return parts.join('');
}

function wayWords({ file, run, env, keep, lenient }: Way): string {
  const prefix = env ? `${env.join('=')} ` : '';
  return [
    file,
    keep === undefined ? "''" : shellWord(keep),
    lenient ? 'lenient' : 'strict',
    ...run.map((command) => shellWord(prefix + command)),
  ].join(' ');
}

/** Only where it is in use: Podman makes its folders when it is asked anything. */
function engineFunction({ tool, prefix, containers, networks }: Engine): string {
  const used = tool === 'podman' ? `[ -d ${PODMAN_STATE.join(' ] || [ -d ')} ] || return 0\n  ` : '';
  const address = tool === 'docker' ? 'DOCKER_HOST' : 'CONTAINER_HOST';
  return `inspect_${tool}() {
  command -v ${tool} >/dev/null 2>&1 || return 0
  ${used}secrets='${SECRET_KEYS.join('|')}'
  inspect_things ${tool} ${prefix}containers ${shellWord(containers.ids)} ${shellWord(containers.inspect)} "\${${address}:-}" || return 0
  inspect_things ${tool} ${prefix}networks ${shellWord(networks.ids)} ${shellWord(networks.inspect)} elsewhere
}
`;
}
