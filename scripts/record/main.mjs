/**
 * Records the example bundles of captures/ again: `npm run record -- NAME… | all | list`.
 *
 * Every incident is played on the real kernel in a sandbox of its own (lib/sandbox.mjs), is checked while it runs, and
 * replaces captures/NAME only when every check held. Needs root, iproute2, iptables, tcpdump, conntrack, busybox and
 * python3; some also need dumpcap, dnsmasq or a Docker engine. Nothing reaches beyond the machine.
 */
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { incidents } from './incidents/index.mjs';
import { Lab } from './lib/lab.mjs';
import { enterSandbox, furnishSandbox, OUTPUT } from './lib/sandbox.mjs';
import { overview } from './lib/write.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const captures = join(here, '..', '..', 'captures');
const names = process.argv.slice(2);
/** As a shell reports a process that Ctrl-C ended. */
const INTERRUPTED = 130;

if (names[0] === '--inside') {
  const incident = incidents.find(({ name }) => name === names[1]);
  if (incident === undefined) throw new Error(`unknown incident ${names[1]}`);
  furnishSandbox(incident.hostname ?? 'node-1', names[2]);
  await Lab.record(incident, OUTPUT);
} else if (names.length === 0 || names[0] === 'list') {
  for (const { name, title } of incidents) console.log(`${name.padEnd(34)} ${title}`);
} else if (process.getuid?.() !== 0) {
  console.error('recording makes network namespaces and captures packets: run it as root, on Linux');
  process.exitCode = 2;
} else {
  process.exitCode = await recordAll(names);
  writeFileSync(join(captures, 'README.md'), overview(recorded()));
}

/** Incidents that have their folder, in the order of the list. */
function recorded() {
  return incidents.filter(({ name }) => existsSync(join(captures, name, 'expect.json')));
}

/** @returns the exit status: 1 when a name is unknown or a recording failed. */
async function recordAll(wanted) {
  const chosen = wanted[0] === 'all' ? incidents.map(({ name }) => name) : wanted;
  const known = new Set(incidents.map(({ name }) => name));
  const failed = [];
  for (const name of chosen) {
    if (!known.has(name)) {
      console.error(`${name}: no such incident (npm run record -- list)`);
      failed.push(name);
      continue;
    }
    const staging = mkdtempSync(join(tmpdir(), 'nettrace-record-'));
    try {
      const status = await enterSandbox(join(here, 'main.mjs'), ['--inside', name, staging]);
      if (status === 0) replace(join(captures, name), staging);
      else failed.push(name);
      if (status === INTERRUPTED) break;
    } finally {
      rmSync(staging, { recursive: true, force: true });
    }
  }
  if (failed.length > 0) console.error(`not recorded: ${failed.join(', ')}`);
  return failed.length > 0 ? 1 : 0;
}

/** A case that is there already may have more in it than the truth; a test holds the two against each other. */
function replace(target, staging) {
  const path = join(target, 'expect.yaml');
  const known = existsSync(path) ? readFileSync(path) : undefined;
  rmSync(target, { recursive: true, force: true });
  mkdirSync(target, { recursive: true });
  for (const entry of readdirSync(staging)) {
    cpSync(join(staging, entry), join(target, entry), { recursive: true });
  }
  if (known) writeFileSync(path, known);
}
