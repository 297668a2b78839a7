/** `nettrace live` beside a Docker engine of its own in a sandbox: a container is started meanwhile. Its events are written to events.jsonl. */
import { spawn } from 'node:child_process';
import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Docker } from '../../scripts/record/lib/docker.mjs';
import { Lab } from '../../scripts/record/lib/lab.mjs';
import { enterSandbox, furnishSandbox, OUTPUT, PROJECT } from '../../scripts/record/lib/sandbox.mjs';

const self = fileURLToPath(import.meta.url);
const [mode, folder] = process.argv.slice(2);

if (mode === '--inside') {
  furnishSandbox('dock-follow', folder);
  await play();
} else process.exitCode = await enterSandbox(self, ['--inside', mode]);

async function play() {
  const lab = new Lab({ name: 'follow', quiet: true }, join(OUTPUT, 'setup'));
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => lab.end(130));
  try {
    const { host } = lab;
    await lab.settle(host);
    const docker = new Docker(lab);
    lab.cleanups.push(() => docker.stop());
    await docker.start();
    const events = join(OUTPUT, 'events.jsonl');
    const live = spawn(
      process.execPath,
      [
        join(PROJECT, 'bin/nettrace.js'),
        'live',
        '--headless',
        '--format',
        'jsonl',
        '--host-namespace',
        'own',
      ],
      { env: process.env },
    );
    live.stdout.on('data', (text) => appendFileSync(events, text));
    live.stderr.on('data', (text) => appendFileSync(join(OUTPUT, 'complaints'), text));
    const ended = new Promise((resolve) => live.once('close', resolve));
    await until(() => read(events).includes('"event":"begin"'));
    await docker.run('web', '-p 8080:80', 'httpd -f -p 80 -h /www');
    await until(() => /"path":"docker\/(containers|networks)\.json"/.test(read(events)));
    const address = await host.sh(
      "docker inspect -f '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' web",
    );
    await host.attempt(`ping -c 30 -i 0.2 ${address.trim()}`, 20);
    live.kill('SIGINT');
    await ended;
    await lab.end(0);
  } catch (error) {
    console.error(error);
    await lab.end(1);
  }
}

function read(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

async function until(holds) {
  for (let i = 0; i < 300 && !holds(); i++) await new Promise((resolve) => setTimeout(resolve, 200));
  if (!holds()) throw new Error('it did not come');
}
