/** What Docker and Podman tell of containers and networks, without what is nobody's business. */
import { existsSync } from 'node:fs';
import { commandWords, type Host } from './host.ts';
import { COMMAND_SECONDS, ENGINES, type Engine, PODMAN_STATE, SECRET_KEYS } from './plan.ts';

export interface Container {
  readonly name: string;
  /** Of a running container on this machine. */
  readonly pid?: number;
}

export interface EngineDump {
  /** In docker/. */
  readonly file: string;
  readonly command: string;
  readonly text: string;
}

export interface Inspected {
  readonly containers: readonly Container[];
  readonly dumps: readonly EngineDump[];
  readonly notes: readonly string[];
}

export async function inspectEngines(host: Host): Promise<Inspected> {
  const results = await Promise.all(ENGINES.filter(isInUse(host)).map((engine) => inspect(engine, host)));
  return {
    containers: results.flatMap(({ containers }) => containers),
    dumps: results.flatMap(({ dumps }) => dumps),
    notes: results.flatMap(({ notes }) => notes),
  };
}

function isInUse(host: Host): (engine: Engine) => boolean {
  return ({ tool }) => {
    if (host.which(tool) === undefined) return false;
    if (tool === 'docker') return true;
    const own = host.env.XDG_RUNTIME_DIR === undefined ? [] : [`${host.env.XDG_RUNTIME_DIR}/libpod`];
    return (host.root ? PODMAN_STATE : own).some((folder) => existsSync(folder));
  };
}

async function inspect(engine: Engine, host: Host): Promise<Inspected> {
  const dumps: EngineDump[] = [];
  const notes: string[] = [];
  const containers: Container[] = [];
  for (const [what, { ids, inspect: command }] of [
    ['containers', engine.containers],
    ['networks', engine.networks],
  ] as const) {
    const list = await host.run(commandWords(ids), COMMAND_SECONDS);
    if (list.status !== 0) {
      notes.push(`${engine.tool}: ${list.late ? `no answer in ${COMMAND_SECONDS} s` : list.complaint}`);
      break;
    }
    // An engine may be anybody's (DOCKER_HOST): what begins otherwise would be an option.
    const words = list.output.split(/\s+/).filter((id) => /^[\w][\w.-]*$/.test(id));
    if (words.length === 0) continue;
    // One that ended meanwhile makes the status 1; the others are printed.
    const { output, complaint } = await host.run([...commandWords(command), ...words], COMMAND_SECONDS);
    const records = parsed(output);
    if (!records) {
      notes.push(`${command}: ${complaint === '' ? 'its answer is no JSON' : complaint}`);
      continue;
    }
    dumps.push({
      file: `${engine.prefix}${what}.json`,
      command: `${command} $(${ids})`,
      text: `${JSON.stringify(records, withoutSecrets, 4)}\n`,
    });
    if (what === 'containers')
      containers.push(...records.map((record) => containerOf(record, isLocal(engine, host))));
  }
  return { containers, dumps, notes };
}

function parsed(text: string): Record<string, unknown>[] | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? (value as Record<string, unknown>[]) : undefined;
  } catch {
    return undefined;
  }
}

const SECRETS: ReadonlySet<string> = new Set(SECRET_KEYS);

/** A JSON.stringify replacer. */
export function withoutSecrets(key: string, value: unknown): unknown {
  return SECRETS.has(key) ? null : value;
}

function containerOf(record: Record<string, unknown>, local: boolean): Container {
  const state = record.State as { Pid?: number } | undefined;
  const name = String(record.Name ?? record.Id ?? '').replace(/^\//, '');
  return { name, ...(local && typeof state?.Pid === 'number' && state.Pid > 0 ? { pid: state.Pid } : {}) };
}

/** The processes of an engine elsewhere are not those of this machine. */
function isLocal({ tool }: Engine, { env }: Host): boolean {
  const address = tool === 'docker' ? env.DOCKER_HOST : env.CONTAINER_HOST;
  return address === undefined || address === '' || address.startsWith('unix:');
}
