/** One network namespace of a recording, and commands run in it as a person at its prompt would. */
import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export class Namespace {
  /** Of several machines: whose bundle it belongs to, and by how many seconds that one's clock is ahead. */
  host = undefined;
  clock = 0;

  /** Files that processes here see in place of the machine's: `/etc/hosts` → text. */
  files = new Map();

  /**
   * @param {string} name as the bundle calls it
   * @param {string | undefined} path of its nsfs file; undefined is the sandbox's own, the recording's host
   */
  constructor(name, path, kind) {
    this.name = name;
    this.path = path;
    this.kind = kind;
  }

  /** Unique in the recording: `node-1/red`. */
  get title() {
    return this.host === undefined ? this.name : `${this.host}/${this.name}`;
  }

  /** Runs shell lines; the first that fails ends the recording. */
  async sh(script) {
    const done = await this.attempt(script);
    if (done.code !== 0) throw new Error(`${this.name}: ${script.trim()}\n${done.output}`);
    return done.output;
  }

  /** Runs shell lines whatever comes of them, for at most `seconds`. */
  attempt(script, seconds = 20) {
    return new Promise((resolve, reject) => {
      const child = this.#spawn(['sh', '-euc', script]);
      let output = '';
      for (const stream of [child.stdout, child.stderr]) {
        stream.setEncoding('utf8').on('data', (text) => {
          output += text;
        });
      }
      const timer = setTimeout(() => child.kill('SIGKILL'), seconds * 1000);
      child.on('error', reject);
      child.on('close', (code) => {
        clearTimeout(timer);
        resolve({ code: code ?? 1, output });
      });
    });
  }

  /** A process that stays; resolves when its output shows that it is ready. */
  start(command, ready = /ready/) {
    return new Promise((resolve, reject) => {
      const child = this.#spawn(['sh', '-euc', `exec ${command}`], true);
      const process = { child, output: '', ended: new Promise((done) => child.on('close', done)) };
      const look = (text) => {
        process.output += text;
        if (ready.test(process.output)) resolve(process);
      };
      child.stdout.setEncoding('utf8').on('data', look);
      child.stderr.setEncoding('utf8').on('data', look);
      child.on('error', reject);
      child.on('close', () => reject(new Error(`${this.name}: ${command} ended early\n${process.output}`)));
    });
  }

  #spawn(command, detached = false) {
    let argv = command;
    if (this.files.size > 0)
      argv = ['unshare', '--mount', 'sh', '-euc', `${this.#binds()}; exec "$@"`, 'sh', ...argv];
    if (this.path !== undefined) argv = ['nsenter', `--net=${this.path}`, ...argv];
    return spawn(argv[0], argv.slice(1), { stdio: ['ignore', 'pipe', 'pipe'], detached });
  }

  #binds() {
    const folder = join('/run/files', this.title);
    mkdirSync(folder, { recursive: true });
    const binds = [...this.files].map(([path, text]) => {
      const copy = join(folder, path.replaceAll('/', '_'));
      writeFileSync(copy, text);
      return `mount --bind ${copy} ${path}`;
    });
    return binds.join('; ');
  }
}
