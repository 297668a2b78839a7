/**
 * A place to play a fault in that leaves nothing behind: mount, PID, network and UTS namespaces of its own. Its network
 * namespace is the recording's `host`; `ip netns add`, Docker's state and every temporary file live on file systems that
 * only it sees. When its first process ends, however it ends, the kernel ends all others and drops every namespace.
 */
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const UNSHARE = ['--mount', '--pid', '--net', '--uts', '--fork', '--kill-child', '--mount-proc'];
const BUSYBOX_APPLETS = ['nc', 'wget', 'httpd', 'nslookup', 'traceroute', 'udhcpc', 'udhcpd'];
export const TOOLS = '/run/bin';
export const OUTPUT = '/run/output';
/** The checkout, wherever it is: what is below /tmp can't be seen from inside. */
export const PROJECT = '/run/project';

/**
 * Runs this script again inside a fresh sandbox; resolves to its exit status. A signal is left to the script inside,
 * which puts its things in order and ends.
 */
export function enterSandbox(script, args) {
  const argv = [...UNSHARE, '--propagation', 'private', process.execPath, script, ...args];
  const child = spawn('unshare', argv, {
    stdio: 'inherit',
    // Not in the terminal's foreground group: Ctrl-C reaches the inside once, by the handler below.
    detached: true,
    env: {
      PATH: `${TOOLS}:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin`,
      HOME: '/root',
      LC_ALL: 'C',
      TZ: 'UTC',
    },
  });
  const forward = (signal) => {
    const inside = Number(
      readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').split(' ')[0],
    );
    if (inside > 0) process.kill(inside, signal);
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  for (const signal of signals) process.on(signal, forward);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      for (const signal of signals) process.off(signal, forward);
      resolve(code ?? 1);
    });
  });
}

/**
 * Called first thing inside: file systems of its own, small tools under their usual names.
 *
 * @param {string} outside the folder that stays, seen as OUTPUT from now on
 */
export function furnishSandbox(hostname, outside) {
  run('hostname', hostname);
  run('mount', '-t', 'tmpfs', '-o', 'mode=755', 'sandbox', '/run');
  mkdirSync(OUTPUT);
  run('mount', '--bind', outside, OUTPUT);
  mkdirSync(PROJECT);
  run('mount', '--bind', join(dirname(fileURLToPath(import.meta.url)), '../../..'), PROJECT);
  run('mount', '-t', 'tmpfs', '-o', 'mode=1777', 'sandbox', '/tmp');
  mkdirSync('/run/netns');
  mkdirSync('/run/lock');
  mkdirSync(TOOLS);
  for (const applet of BUSYBOX_APPLETS) symlinkSync('/bin/busybox', join(TOOLS, applet));
  for (const tool of ['peer', 'crowd']) {
    copyFileSync(join(PROJECT, `scripts/record/lib/${tool}.py`), join(TOOLS, tool));
    chmodSync(join(TOOLS, tool), 0o755);
  }
  run('ip', 'link', 'set', 'lo', 'up');
  process.chdir('/tmp');
}

function run(command, ...args) {
  const done = spawnSync(command, args, { encoding: 'utf8' });
  if (done.error) throw done.error;
  if (done.status !== 0) throw new Error(`${command} ${args.join(' ')}: ${done.stderr}`);
}
