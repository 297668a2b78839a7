#!/usr/bin/env node
// Launcher. An installed package runs its bundles; a checkout rebuilds them when a source file of theirs is newer.
// CommonJS: Node's loader of ES modules costs a seventh of an empty program. V8's compiled code of each bundle is kept
// in a file, so that a start neither parses nor compiles; without that file everything is the same, only slower.
'use strict';
const fs = require('node:fs');
const { join } = require('node:path');
const { Script } = require('node:vm');

const root = join(__dirname, '..');
const dist = join(root, 'dist');
const euid = process.geteuid?.();

/** Runs that add what they compiled to the code of the ones before; then a command's usual paths are in it. */
const LESSONS = 3;
/** A kept file begins with so many characters that say what it belongs to; V8 takes only aligned bytes as they are. */
const HEADER = 128;

const words = process.argv.slice(2);
/**
 * An analysis runs a thousand functions and two hundred regular expressions for a moment each, and V8 would spend a fourth of all CPU on
 * compiling them, on threads of its own too: functions have to run four times as long before they are optimized, those of a scan
 * and of counting, whose loops are WebAssembly, and of a difference longer still; expressions have to be used a hundred times. A difference is few loops
 * over rules by the ten thousand, for which the young space grows at once, and its parser gains by V8's first compiler. Measured on Node 20; later ones have a compiler in between.
 */
const FLAGS = {
  analyze: [
    '--interrupt-budget=270000',
    '--no-sparkplug',
    '--regexp-tier-up-ticks=100',
    '--no-regexp-peephole-optimization',
    '--semi-space-growth-factor=8',
  ],
  scan: ['--interrupt-budget=1000000'],
  count: ['--interrupt-budget=1000000'],
  diff: ['--interrupt-budget=1000000', '--semi-space-growth-factor=16'],
};
const NODE_FLAGS = [
  '--interrupt-budget=67584',
  '--sparkplug',
  '--regexp-tier-up-ticks=1',
  '--regexp-peephole-optimization',
  '--semi-space-growth-factor=2',
].join(' ');
const parts = words.flatMap((word) => word.split('='));
/** Standard input comes by Node's streams, whose code is worth optimizing when all that is done is counting. */
const isStreamed = (command) => command === 'count' && words.includes('-');
const flagged = Object.keys(FLAGS).find((command) => parts.includes(command) && !isStreamed(command));
const OWN_FLAGS = flagged && /^v20\./.test(process.version) ? FLAGS[flagged].join(' ') : '';
/** Captures that are worth a thread repay V8's first compiler, too. */
const THREAD_FLAGS = OWN_FLAGS.replace('--no-sparkplug', '--sparkplug');

/** Whether a source file that went into the bundle is newer than it; what else is in src/ doesn't matter to this start. */
function isStale(name) {
  try {
    const built = fs.statSync(join(dist, `${name}.cjs`)).mtimeMs;
    const sources = fs.readFileSync(join(dist, 'inputs', `${name}.txt`), 'latin1').split('\n');
    return sources.some((source) => fs.lstatSync(`${root}/${source}`).mtimeMs > built);
  } catch {
    return true;
  }
}

function isCheckout() {
  return fs.existsSync(join(root, 'src'));
}

/** The bundle of the program, and of the actions that are named somewhere among the words: `scan`, `--format=count`. */
function bundlesFor(named) {
  const isAction = (word) => /^[a-z]+$/.test(word) && fs.existsSync(join(root, `src/cli/actions/${word}.ts`));
  return ['cli', ...named.flatMap((word) => word.split('=')).filter(isAction)];
}

const loaded = new Map();

/** What the bundle exports; it runs once. */
function bundle(name) {
  if (!loaded.has(name)) loaded.set(name, load(name));
  return loaded.get(name);
}

/** Its text is ASCII (scripts/build.mjs sees to it) and is a function expression. */
function load(name) {
  const filename = join(dist, `${name}.cjs`);
  const descriptor = fs.openSync(filename, 'r');
  const { size, mtimeMs } = fs.fstatSync(descriptor);
  const text = contentOf(descriptor, size).latin1Slice();
  fs.closeSync(descriptor);
  // The builder's hash stands at the beginning. Size and time tell of a bundle that somebody changed since.
  const identity = `${text.slice(2, 34)} ${size} ${mtimeMs}`;
  // Before any code is compiled: V8 refuses kept code that was compiled under others, which threads and long captures set.
  if (OWN_FLAGS !== '') setFlags(OWN_FLAGS);
  const kept = readCode(name, identity);
  const script = new Script(text, { filename, ...(kept && { cachedData: kept.code }) });
  const lesson = kept && !script.cachedDataRejected ? kept.lesson + 1 : 1;
  if (lesson <= LESSONS) process.once('exit', (status) => keepCode(name, identity, lesson, script, status));
  const module = {
    exports: {},
    get url() {
      return require('node:url').pathToFileURL(filename).href;
    },
  };
  const own = (id) =>
    /^\.\/\w+\.cjs$/.test(id)
      ? bundle(id.slice(2, -4))
      : /worker_threads$/.test(id)
        ? threads(id)
        : require(id);
  script.runInThisContext()(module.exports, own, module, filename, dist);
  return module.exports;
}

/** For every file in turn: memory that is touched for the first time costs more than the reading, what is never touched nothing. */
let block;

/**
 * A buffer that may be resized is of the system, and costs a little more. Others are of glibc, which keeps all that is as large as the
 * largest one that was freed: `live`, which runs for weeks, would have 10 MB more.
 */
function newBlock(length) {
  return words.includes('live')
    ? Buffer.from(new ArrayBuffer(length, { maxByteLength: length }), 0, length)
    : Buffer.allocUnsafeSlow(length);
}

/** What is loaded later is rare, and `live` runs for weeks. */
function forgetBlock() {
  block = undefined;
}

/** The bytes of a file, until the next one is read. */
function contentOf(descriptor, size) {
  if (!(block?.length >= size)) block = newBlock(Math.max(size, 1 << 22));
  let length = 0;
  while (length < size) {
    const count = fs.readSync(descriptor, block, length, size - length, length);
    if (count === 0) break;
    length += count;
  }
  return block.subarray(0, length);
}

/**
 * Where compiled code is kept: beside the bundles, or else in the user's cache. Root keeps it only in a folder that is
 * root's alone, wherever HOME points: a user must not get root to run code, nor to write a file.
 */
function folders() {
  const beside = join(dist, 'cache');
  if (euid === 0) return isOwn(fs.lstatSync(dist)) ? [beside] : [];
  const { XDG_CACHE_HOME, HOME } = process.env;
  const home = XDG_CACHE_HOME?.startsWith('/')
    ? XDG_CACHE_HOME
    : HOME?.startsWith('/') && join(HOME, '.cache');
  return home ? [beside, join(home, 'nettrace')] : [beside];
}

/** Nobody but root and this user could have written it. */
function isOwn({ uid, mode }) {
  return euid === undefined || ((uid === euid || uid === 0) && (mode & 0o022) === 0);
}

/** One file for each runtime, and for each set of flags: V8 refuses code that was compiled under others. */
function fileName(name) {
  const given = [...process.execArgv, process.env.NODE_OPTIONS ?? ''].join(' ').trim();
  const suffix = `${OWN_FLAGS === '' ? '' : `-${flagged}`}${given === '' ? '' : `-${digest(given)}`}`;
  return `${name}-${process.version}-${process.arch}${suffix}.bin`;
}

function readCode(name, identity) {
  for (const folder of folders()) {
    try {
      const flags = fs.constants.O_RDONLY | (fs.constants.O_NOFOLLOW ?? 0);
      const descriptor = fs.openSync(join(folder, fileName(name)), flags);
      try {
        const stat = fs.fstatSync(descriptor);
        if (!stat.isFile() || !isOwn(stat)) continue;
        const bytes = contentOf(descriptor, stat.size);
        const code = bytes.subarray(HEADER);
        const [magic, lesson, length, time, ...rest] = bytes.latin1Slice(0, HEADER).trimEnd().split(' ');
        if (magic !== 'nettrace-code/1' || rest.join(' ') !== identity) continue;
        if (Number(length) !== code.length || Number(time) * 1000 !== stat.mtimeMs) continue;
        return { code, lesson: Number(lesson) };
      } finally {
        fs.closeSync(descriptor);
      }
    } catch {
      // Absent or not ours to read: the next folder, or none.
    }
  }
  return undefined;
}

/** At the end of a run, when V8 knows which functions it needed. Whoever renames last wins; each file is whole. */
function keepCode(name, identity, lesson, script, status) {
  // A mistyped word or an unusable input ran too little to learn from.
  if (status > 1) return;
  let code;
  // Threads have others.
  if (OWN_FLAGS !== '') setFlags(OWN_FLAGS);
  // V8 doesn't check the code that it is given, and one that somebody changed would crash it. Whoever writes to the file
  // changes its time, which is set to one that the header has and that no clock shows any more.
  const time = Math.floor(Date.now() / 1000) - 60;
  for (const folder of folders()) {
    const path = join(folder, fileName(name));
    const draft = `${path}.${process.pid}`;
    let isOurs = false;
    try {
      fs.mkdirSync(folder, { recursive: true, mode: 0o755 });
      if (!isOwn(fs.lstatSync(folder))) continue;
      code ??= script.createCachedData();
      const header = `nettrace-code/1 ${lesson} ${code.length} ${time} ${identity}`.padEnd(HEADER);
      const descriptor = fs.openSync(draft, 'wx', 0o644);
      isOurs = true;
      try {
        fs.writeFileSync(descriptor, Buffer.concat([Buffer.from(header, 'latin1'), code]));
        fs.fsyncSync(descriptor);
        fs.futimesSync(descriptor, time, time);
      } finally {
        fs.closeSync(descriptor);
      }
      fs.renameSync(draft, path);
      return;
    } catch {
      // Read-only, full, or somebody else's: the next folder, or never mind.
      if (isOurs) fs.rmSync(draft, { force: true });
    }
  }
}

/** FNV-1a */
function digest(text) {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return (hash >>> 0).toString(16);
}

/**
 * By V8's part of Node itself: `node:v8` would load Node's streams, a fourteenth of an empty program. Node 20 has it, and warns of
 * asking for it.
 */
function setFlags(flags) {
  // Under `--no-deprecation` it is set, and can't be.
  const warns = process.noDeprecation !== true;
  if (warns) process.noDeprecation = true;
  try {
    process.binding('v8').setFlagsFromString(flags);
  } catch {
    require('node:v8').setFlagsFromString(flags);
  }
  if (warns) process.noDeprecation = false;
}

/**
 * Node's module for threads. Under other flags than its own Node's kept code is refused, that of each new thread too, whose start would
 * cost 80 ms of CPU instead of 30: until the threads run, the flags are Node's. Then they set these (src/correlate/sieve/reading-worker.ts),
 * since this thread is busy by then.
 */
function threads(id) {
  if (OWN_FLAGS === '') return require(id);
  setFlags(NODE_FLAGS);
  const module = require(id);
  module.setEnvironmentData('nettrace-flags', THREAD_FLAGS);
  return module;
}

function run() {
  if (OWN_FLAGS !== '') {
    // What the bundles ask for anyway: Node's own kept code of it is refused afterwards.
    require('node:os');
    require('node:process');
  }
  bundle('cli').main();
  if (words.includes('live')) setTimeout(forgetBlock, 5000).unref();
}

/** In a process of its own: the builder's memory would stay with a `live` that runs for weeks. */
function build() {
  const { spawnSync } = require('node:child_process');
  const builder = [join(root, 'scripts/build.mjs')];
  const { status, signal, error } = spawnSync(process.execPath, builder, { stdio: ['ignore', 2, 2] });
  if (status === 0) return;
  const why = error?.message ?? (signal ? `ended by ${signal}` : 'see above');
  console.error(`nettrace: building from src/ failed: ${why}`);
  process.exit(70);
}

if (isCheckout() && bundlesFor(words).some(isStale)) build();
run();
