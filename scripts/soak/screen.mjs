/** The program with its screen, in tmux, followed by its metrics. Each second a key is pressed: all panes are seen, and flows chosen. */
import { spawnSync } from 'node:child_process';
import { createServer } from 'node:net';
import { seconds } from './time.mjs';

const [WIDTH, HEIGHT] = [200, 60];
/** Every pane, up and down in it, the detail, the help and back. */
const KEYS = [
  '1',
  'j',
  'j',
  'Enter',
  'Escape',
  '2',
  'j',
  '3',
  'j',
  '4',
  'j',
  'k',
  '5',
  'j',
  '6',
  'G',
  'g',
  '?',
  'Escape',
  's',
];

/** @param words of the command line, behind `live` */
export async function begin(launcher, words) {
  const session = `soak${process.pid}`;
  const tmux = (...options) => spawnSync('tmux', ['-L', session, ...options], { encoding: 'utf8' });
  const port = await freePort();
  const command = ['exec', process.execPath, launcher, 'live', '--metrics', String(port), ...words];
  const started = tmux(
    '-f',
    '/dev/null',
    'new-session',
    '-d',
    '-s',
    session,
    '-x',
    WIDTH,
    '-y',
    HEIGHT,
    command.join(' '),
  );
  if (started.status !== 0) throw new Error(`tmux: ${started.stderr}`);
  tmux('set-option', '-g', 'remain-on-exit', 'on');
  const pid = Number(tmux('display-message', '-p', '-t', session, '#{pane_pid}').stdout);
  let latest = '';
  const ask = async () => {
    try {
      latest = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    } catch {
      // Not yet, or not any more.
    }
  };
  for (let i = 0; latest === '' && i < 300; i++) {
    await seconds(0.1);
    await ask();
  }
  if (latest === '') throw new Error(`it does not run:\n${tmux('capture-pane', '-p', '-t', session).stdout}`);
  /** By cause, epoch seconds at which each was first seen to hold. */
  const seen = [];
  const timer = setInterval(async () => {
    await ask();
    for (const { cause } of values(latest, 'nettrace_findings_appeared_total')) {
      const count = values(latest, 'nettrace_findings_appeared_total').find(
        (each) => each.cause === cause,
      )?.value;
      if (seen.filter((each) => each.cause === cause).length < count)
        seen.push({ at: Date.now() / 1000, cause });
    }
  }, 100);
  let pressed = 0;
  const panes = new Set();
  return {
    pid,
    use() {
      tmux('send-keys', '-t', session, KEYS[pressed++ % KEYS.length]);
      panes.add(tmux('capture-pane', '-p', '-t', session).stdout);
    },
    found(cause, since) {
      const first = seen.find((each) => each.cause === cause && each.at >= since);
      return first && first.at - since;
    },
    causes: () => seen.map(({ at, cause }) => ({ at, cause, title: cause })),
    async end() {
      clearInterval(timer);
      await ask();
      tmux('send-keys', '-t', session, 'Escape');
      // Right behind Escape a key would be one with Alt.
      await seconds(1);
      tmux('send-keys', '-t', session, 'q');
      let status = '';
      for (let i = 0; status === '' && i < 300; i++) {
        await seconds(0.1);
        status = tmux(
          'display-message',
          '-p',
          '-t',
          session,
          '#{?pane_dead,#{pane_dead_status},}',
        ).stdout.trim();
      }
      const left = tmux('capture-pane', '-p', '-t', session).stdout;
      tmux('kill-server');
      const wrong = [];
      // Something was found, so that it is 1.
      if (status !== '1' && status !== '0')
        wrong.push(`it did not end as it should (status ${status}):\n${left}`);
      if (panes.size < pressed / 2)
        wrong.push(`the screen changed ${panes.size} times only in ${pressed} seconds`);
      return {
        wrong,
        packets: Object.fromEntries(
          values(latest, 'nettrace_packets_total').map(({ interface: name, value }) => [name, value]),
        ),
        dropped: values(latest, 'nettrace_dropped_packets_total').reduce((sum, { value }) => sum + value, 0),
      };
    },
    kill: () => tmux('kill-server'),
  };
}

/** The samples of one metric, with their labels. */
function values(text, name) {
  return [...text.matchAll(new RegExp(`^${name}\\{(.*)\\} (\\S+)$`, 'gm'))].map(([, labels, value]) => ({
    ...Object.fromEntries([...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, key, label]) => [key, label])),
    value: Number(value),
  }));
}

function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}
