/** Runs a command to its end and says what it cost, with nothing but bash and /proc. */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** Its CPU is what bash's own children used; `$!` is the command itself, so that its memory can be watched. */
const SCRIPT = `
begun=$EPOCHREALTIME
"$@" </dev/null >/dev/null &
echo $!
wait $!
status=$?
ended=$EPOCHREALTIME
times
echo "$status $begun $ended"
`;
/** Milliseconds between two looks at the memory. */
const WATCH = 5;
/** As bash reports SIGTERM. */
const TERMINATED = 143;
const MOST_COMPLAINTS = 4096;

/**
 * A peer's settings must not count, nor what this shell exports: NODE_EXTRA_CA_CERTS adds 40 ms to every start of Node 20, and
 * without TZ tcpdump asks for the time zone at every packet.
 */
export function cleanEnvironment(home) {
  return { PATH: process.env.PATH ?? '/usr/sbin:/usr/bin:/sbin:/bin', HOME: home, LC_ALL: 'C', TZ: 'UTC0' };
}

/**
 * @param {readonly string[]} command
 * @param {{ home: string, accept?: readonly number[], limit?: number }} options `accept`: exit statuses that are no failure;
 *   `limit`: seconds after which it is ended
 * @returns {Promise<{ cpu: number, wall: number, memory: number }>} seconds, seconds, bytes at the most
 */
export async function runOnce(command, { home, accept = [0], limit }) {
  const child = spawn('bash', ['-c', SCRIPT, 'bash', ...command], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: cleanEnvironment(home),
  });
  let told = '';
  let complaints = '';
  let memory = 0;
  let watch;
  let end;
  child.stdout.setEncoding('utf8').on('data', (text) => {
    told += text;
    if (watch !== undefined || !told.includes('\n')) return;
    const pid = Number.parseInt(told, 10);
    watch = setInterval(() => {
      memory = Math.max(memory, highWater(pid));
    }, WATCH);
    memory = highWater(pid);
    if (limit !== undefined) end = setTimeout(() => process.kill(pid), limit * 1000);
  });
  child.stderr.setEncoding('utf8').on('data', (text) => {
    if (complaints.length < MOST_COMPLAINTS) complaints += text;
  });
  await new Promise((resolve, reject) => child.on('close', resolve).on('error', reject));
  clearInterval(watch);
  clearTimeout(end);
  const lines = told.trim().split('\n');
  const [status, begun, ended] = (lines.at(-1) ?? '').split(' ').map(Number);
  if (status === TERMINATED && limit !== undefined) throw new Error(`not done after ${limit} s`);
  if (!accept.includes(status)) {
    throw new Error(`${command.join(' ')}: exit status ${status}\n${complaints.trim().slice(-1000)}`);
  }
  return { cpu: timesOf(lines.at(-2) ?? ''), wall: ended - begun, memory };
}

/** `0m1.234s 0m0.056s`: user and system of the children that were waited for. */
export function timesOf(line) {
  const parts = [...line.matchAll(/(\d+)m([\d.]+)s/g)];
  return parts.reduce((sum, [, minutes, seconds]) => sum + 60 * Number(minutes) + Number(seconds), 0);
}

/** 0 when it is gone. */
function highWater(pid) {
  try {
    return Number(/VmHWM:\s*(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}
