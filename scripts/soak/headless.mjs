/** The program without a screen, followed by its JSON lines. */
import { spawn } from 'node:child_process';
import { seconds } from './time.mjs';

/** @param words of the command line, behind `live` */
export async function begin(launcher, words) {
  const child = spawn(process.execPath, [launcher, 'live', '--headless', '--format', 'jsonl', ...words]);
  const events = [];
  const complaints = [];
  let rest = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    const lines = `${rest}${text}`.split('\n');
    rest = lines.pop();
    for (const line of lines) events.push({ at: Date.now() / 1000, ...JSON.parse(line) });
  });
  child.stderr.setEncoding('utf8').on('data', (text) => complaints.push(text));
  const over = new Promise((resolve) => child.once('close', resolve));
  while (!events.some(({ event }) => event === 'begin')) {
    if (child.exitCode !== null) throw new Error(`it ended: ${complaints.join('')}`);
    await seconds(0.1);
  }
  const findings = () => events.filter(({ event }) => event === 'finding');
  return {
    pid: child.pid,
    /** Something for it to do, each second. */
    use() {},
    /** How long after the first packet that was lost: undefined where it hasn't been found since (epoch seconds). */
    found(cause, since) {
      const event = findings().find(({ at, finding }) => finding.cause === cause && at >= since);
      return event && event.finding.at - event.finding.began;
    },
    /** Titles of what was found, by cause. */
    causes: () => findings().map(({ at, finding }) => ({ at, cause: finding.cause, title: finding.title })),
    async end() {
      child.kill('SIGINT');
      const status = await over;
      const stop = events.find(({ event }) => event === 'stop');
      const wrong = stop ? [] : [`it did not end as it should (status ${status})`];
      if (complaints.length > 0) wrong.push(`it complained: ${complaints.join('')}`);
      return {
        wrong,
        packets: Object.fromEntries(stop?.points.map((point) => [point.interface, point.packets]) ?? []),
        dropped: stop?.points.reduce((sum, { dropped = 0 }) => sum + dropped, 0),
        sampled: events.filter(({ event }) => event === 'sampled').length,
        behind: events.filter(({ event }) => event === 'behind').length,
      };
    },
    kill: () => child.kill('SIGKILL'),
  };
}
