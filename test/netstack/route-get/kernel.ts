/** The kernel's answers: `ip route get` in a namespace that is made for it. */
import { execFileSync } from 'node:child_process';
import { Random } from '../../conformance/random.ts';
import { commandOf, DEVICES, type Query, queryOf, settingsOf, setupOf } from './generate.ts';

const NAME = `rtg${process.pid}`;

/** What the kernel said of one namespace: its dumps, and an answer each. */
export interface Answers {
  readonly seed: number;
  /** Command and what it printed. */
  readonly dumps: readonly (readonly [string, string])[];
  readonly asked: readonly { readonly query: Query; readonly answer: Answer }[];
}

/** As `ip -d -j route get` prints it, or the errno's text. */
export type Answer = { readonly error: string } | { readonly route: Readonly<Record<string, unknown>> };

const DUMPS = [
  'ip -d -j addr show',
  'ip -d -j route show table all',
  'ip -6 -d -j route show table all',
  'ip -j rule show',
  'ip -6 -j rule show',
  'ip -j neigh show',
  'ip -d -j nexthop show',
  'ip -j nexthop bucket show',
];

function inside(command: string, input = ''): string {
  return execFileSync('sh', ['-c', `ip netns exec ${NAME} ${command} 2>&1; true`], {
    encoding: 'utf8',
    maxBuffer: 1 << 26,
    input,
  });
}

export function isPossible(): boolean {
  if (process.getuid?.() !== 0) return false;
  try {
    execFileSync('ip', ['netns', 'list']);
    return true;
  } catch {
    return false;
  }
}

export function ask(seed: number, questions: number): Answers {
  const random = new Random(seed);
  const remove = () => {
    for (const name of [NAME, `${NAME}f`]) {
      execFileSync('sh', ['-c', `ip netns del ${name} 2>/dev/null; true`]);
    }
  };
  remove();
  try {
    const links = DEVICES.map(
      (device, index) =>
        `ip -n ${NAME} link add ${device} type veth peer name ${device} netns ${NAME}f && ip -n ${NAME} link set ${device} address 02:00:00:00:00:1${index} up && ip -n ${NAME}f link set ${device} ${index === 3 && random.chance(0.5) ? 'down' : 'up'}`,
    );
    execFileSync('sh', [
      '-c',
      `ip netns add ${NAME} && ip netns add ${NAME}f && ip netns exec ${NAME} sysctl -qw net.ipv6.conf.default.accept_dad=0 net.ipv6.conf.default.router_solicitations=0 && ip -n ${NAME} link set lo up && ${links.join(' && ')}`,
    ]);
    const setup = setupOf(random);
    const settings = settingsOf(random);
    inside(`sysctl -q -w ${settings.join(' ')}`);
    const four = setup.filter((line) => !line.startsWith('-6 '));
    const six = setup.filter((line) => line.startsWith('-6 ')).map((line) => line.slice(3));
    inside('ip -4 -force -batch -', four.join('\n'));
    inside('ip -6 -force -batch -', six.join('\n'));
    const queries = Array.from({ length: questions }, () => queryOf(random));
    const dumps = DUMPS.map((command): [string, string] => [command, inside(command)]);
    dumps.push(['sysctl -a', settingLines(inside('sysctl -a --pattern ^net.ipv'))]);
    const answers = new Map<Query, Answer>();
    for (const family of [4, 6] as const) {
      const own = queries.filter((query) => query.family === family);
      const text = inside(`ip -${family} -d -j -force -batch -`, own.map(commandOf).join('\n'));
      readBatch(text, own, answers);
    }
    return {
      seed,
      dumps,
      asked: queries.map((query) => {
        const answer = answers.get(query);
        if (!answer) throw new Error(`no answer to ${commandOf(query)}`);
        return { query, answer };
      }),
    };
  } finally {
    remove();
  }
}

function settingLines(text: string): string {
  const keep =
    /multipath|forward|rp_filter|local|redirects|shared_media|src_valid_mark|linkdown|oif_addrs|use_tempaddr|use_optimistic/;
  return text
    .split('\n')
    .filter((line) => keep.test(line))
    .join('\n');
}

/** Standard output and errors together: an array for each answer, two lines for each refusal. */
function readBatch(text: string, queries: readonly Query[], answers: Map<Query, Answer>): void {
  const failed = new Map<number, string>();
  const given: string[] = [];
  let error = '';
  for (const line of text.split('\n')) {
    const number = /^Command failed -:(\d+)/.exec(line);
    if (number) {
      failed.set(Number(number[1]), error);
      error = '';
    } else if (line.startsWith('[')) given.push(line);
    else if (line !== '') error = line;
  }
  queries.forEach((query, index) => {
    const refusal = failed.get(index + 1);
    if (refusal !== undefined) {
      answers.set(query, { error: refusal.replace(/^RTNETLINK answers: /, '') });
      return;
    }
    const parsed = JSON.parse(given.shift() ?? '[]') as Record<string, unknown>[];
    answers.set(query, { route: parsed[0] ?? {} });
  });
}
