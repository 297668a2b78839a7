/** What an incident is written with: namespaces, wires, captures, attempts that must end as meant, dumps. */
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Capture } from './capture.mjs';
import { watchDrops } from './drops.mjs';
import { dumpNamespace } from './dump.mjs';
import { expectYaml } from './expect-yaml.mjs';
import { Namespace } from './namespace.mjs';
import { expectation, manifest, readme } from './write.mjs';

export class Lab {
  host = new Namespace('host', undefined, 'own');
  captures = [];
  /** Commands tried during the captures and what they printed. */
  tried = [];
  verified = [];
  /** Namespace name → dump files. */
  dumps = new Map();
  /** Namespaces the bundle knows. */
  known = new Map();
  drops = {};
  /** Run at the end, however it comes. */
  cleanups = [];
  ending = false;

  constructor(incident, target) {
    this.incident = incident;
    this.bundle = join(target, 'bundle');
    this.target = target;
    mkdirSync(this.bundle, { recursive: true });
  }

  /** Plays an incident and writes its folder; ends the process, and with it everything in the sandbox. */
  static async record(incident, target) {
    const started = Date.now();
    const lab = new Lab(incident, target);
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => lab.end(130));
    try {
      await lab.settle(lab.host);
      await incident.record(lab);
      await lab.captured();
      lab.write();
      console.log(`${incident.name}: ${lab.verified.length} checks held, ${Date.now() - started} ms`);
      await lab.end(0);
    } catch (error) {
      if (!lab.ending) console.error(`${incident.name}: ${error.message}`);
      await lab.end(1);
    }
  }

  /** What reaches beyond the sandbox (trace buffer, control groups) is put back before it goes. The first call counts. */
  async end(status) {
    if (this.ending) return;
    this.ending = true;
    this.watch?.stop();
    this.watch = undefined;
    for (const undo of this.cleanups.splice(0)) await undo();
    process.exit(status);
  }

  /** A namespace that `ip netns list` shows on the host. */
  async netns(name, { loopback = true } = {}) {
    await this.host.sh(`ip netns add ${name}`);
    if (loopback) await this.host.sh(`ip -n ${name} link set lo up`);
    const namespace = new Namespace(name, `/run/netns/${name}`, 'named');
    await this.settle(namespace);
    return namespace;
  }

  /** Another machine: its namespace has no name on the host, as nothing of another machine has. */
  async machine(name) {
    const { child } = await this.host.start("unshare --net sh -c 'echo ready; exec sleep 600'");
    const namespace = new Namespace(name, `/proc/${child.pid}/ns/net`, 'machine');
    await namespace.sh('ip link set lo up');
    await this.settle(namespace);
    return namespace;
  }

  /** One of several machines whose bundles are analysed together; `clock`: seconds that its clock is ahead. */
  async node(name, { clock = 0 } = {}) {
    const node = await this.machine('host');
    return Object.assign(node, { host: name, clock });
  }

  /** A namespace of such a machine. */
  async pod(node, name) {
    const pod = await this.machine(name);
    return Object.assign(pod, { host: node.host, clock: node.clock });
  }

  /** Settings that a new namespace may take from the machine are known; a `quiet` incident does without IPv6's noise. */
  async settle(namespace) {
    await namespace.sh('sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0');
    if (this.incident.quiet)
      await namespace.sh('sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1');
  }

  /** Two interfaces joined by a wire (a veth pair), both up. */
  async wire(left, leftName, right, rightName) {
    // Made under a passing name, so that both ends may have any name.
    await this.host.sh(`ip link add ntr-l type veth peer name ntr-r`);
    await this.#give('ntr-l', left, leftName);
    await this.#give('ntr-r', right, rightName);
    await left.sh(`ip link set ${leftName} up`);
    await right.sh(`ip link set ${rightName} up`);
  }

  async #give(device, namespace, name) {
    if (namespace.path === undefined) {
      await namespace.sh(`ip link set ${device} name ${name}`);
      return;
    }
    const to = namespace.kind === 'named' ? namespace.name : namespace.path.split('/')[2];
    await this.host.sh(`ip link set ${device} netns ${to}`);
    await namespace.sh(`ip link set ${device} name ${name}`);
  }

  /** A bridge on `owner` with an address, each of `members` [namespace, its device, its address, port name]. */
  async bridge(owner, name, address, members) {
    await owner.sh(`ip link add ${name} type bridge; ip link set ${name} up`);
    if (address) await owner.sh(`ip addr add ${address} dev ${name}`);
    for (const [namespace, device, own, port] of members) {
      await this.wire(owner, port, namespace, device);
      await owner.sh(`ip link set ${port} master ${name}`);
      await namespace.sh(`ip addr add ${own} dev ${device}`);
      if (address) await namespace.sh(`ip route add default via ${address.split('/')[0]}`);
    }
  }

  /** Starts captures; packets count from here. Options apply to all of them. */
  async capture(namespace, devices, options = {}) {
    const started = [devices].flat().map((device) => new Capture(namespace, device, options));
    await Promise.all(started.map((capture) => capture.start()));
    this.captures.push(...started);
    this.know(namespace);
    this.watch ??= watchDrops();
    await sleep(150);
    return Array.isArray(devices) ? started : started[0];
  }

  /** Ends every capture that runs. */
  async captured() {
    if (this.captures.some(({ runs }) => runs)) await sleep(300);
    await Promise.all(this.captures.map((capture) => capture.stop()));
    if (this.watch !== undefined) this.drops = this.watch.stop();
    this.watch = undefined;
  }

  /** The command must succeed and print what is meant. */
  async works(namespace, command, printed = /(?:)/) {
    await this.#try(namespace, command, printed, true);
  }

  /** The command must fail, in the way that is meant. */
  async fails(namespace, command, printed = /(?:)/) {
    await this.#try(namespace, command, printed, false);
  }

  async #try(namespace, command, printed, wanted) {
    const { code, output } = await namespace.attempt(command);
    this.tried.push({ namespace: namespace.title, command, output: output.trimEnd() });
    if ((code === 0) !== wanted || !printed.test(output)) {
      throw new Error(
        `${namespace.title}: ${command} was to ${wanted ? 'work' : 'fail'} with ${printed}\n${output}`,
      );
    }
    this.verified.push(`${namespace.title}: \`${command}\` ${wanted ? 'works' : 'fails'}`);
  }

  /** The command works before the fault is made. Not part of what the captures show. */
  async worksBefore(namespace, command, when) {
    const { code, output } = await namespace.attempt(command);
    if (code !== 0) throw new Error(`${namespace.title}: ${command} fails ${when}\n${output}`);
    this.verified.push(`${namespace.title}: \`${command}\` works ${when}`);
  }

  /** The command that a finding proposes, on the real kernel: what failed works after it. Not part of what the captures show. */
  async repaired(namespace, fix, tester, command) {
    await namespace.sh(fix);
    const { code, output } = await tester.attempt(command);
    if (code !== 0) throw new Error(`${tester.title}: ${command} fails after "${fix}"\n${output}`);
    this.verified.push(`${tester.title}: \`${command}\` works after \`${fix}\` in ${namespace.title}`);
  }

  /** The command fails once more after the visible fault is repaired. Not part of what the captures show. */
  async failsStill(namespace, command, when) {
    const { code } = await namespace.attempt(command);
    if (code === 0) throw new Error(`${namespace.title}: ${command} works ${when}`);
    this.verified.push(`${namespace.title}: \`${command}\` fails ${when} too`);
  }

  /** The kernel gave this reason for a drop while the captures ran; holds by itself where there is no trace. */
  dropped(reason) {
    const seen = Object.keys(this.drops).some((key) => key.startsWith(`${reason}@`));
    if (!seen && Object.keys(this.drops).length > 0) {
      throw new Error(`no packet was dropped for ${reason}: ${JSON.stringify(this.drops)}`);
    }
    if (seen) this.verified.push(`kernel drop reason ${reason} (skb:kfree_skb)`);
  }

  /** Packets selected by a tcpdump filter are in the finished capture. */
  seen(capture, filter, times) {
    const count = capture.count(filter);
    if (times === undefined ? count === 0 : count !== times) {
      throw new Error(`${capture.path}: ${count} packets match ${filter}, expected ${times ?? 'some'}`);
    }
    this.verified.push(`${capture.path} has ${times ?? ''} \`${filter}\``.replace('  ', ' '));
  }

  unseen(capture, filter) {
    const count = capture.count(filter);
    if (count > 0) throw new Error(`${capture.path}: ${count} packets match ${filter}, expected none`);
    this.verified.push(`${capture.path} has no \`${filter}\``);
  }

  /** A kernel counter of nstat stands at `least` or more. */
  async counted(namespace, counter, least = 1) {
    const output = await namespace.sh(`nstat -azs ${counter}`);
    const value = Number(new RegExp(`^${counter}\\s+(\\d+)`, 'm').exec(output)?.[1] ?? Number.NaN);
    if (!(value >= least))
      throw new Error(`${namespace.title}: ${counter} is ${value}, expected ${least} or more`);
    this.verified.push(`${namespace.title}: ${counter} is ${value}`);
  }

  /**
   * The rule at `number` of a chain (0: its policy) has been hit `least` times or more, or never for `least` 0.
   *
   * @param {string} where `filter FORWARD 3`, or `ip6 filter FORWARD 3`
   */
  async ruleHit(namespace, where, text, least = 1) {
    const [table, chain, number] = where.replace(/^ip6 /, '').split(' ');
    const tool = where.startsWith('ip6 ') ? 'ip6tables' : 'iptables';
    const lines = (await namespace.sh(`${tool} -t ${table} -v -S ${chain}`)).split('\n');
    const line = lines[Number(number)] ?? '';
    const packets = Number(/-c (\d+) \d+/.exec(line)?.[1] ?? Number.NaN);
    const held = least === 0 ? packets === 0 : packets >= least;
    if (!line.replace(/ -c \d+ \d+/, '').includes(text) || !held) {
      throw new Error(`${namespace.title}: ${where} is "${line}", expected ${text} with ${least} hits`);
    }
    this.verified.push(`${namespace.title}: ${where} (${text}) counted ${packets}`);
  }

  /** Dumps of a namespace go into the bundle. */
  async dump(namespace, options) {
    await this.captured();
    await this.dumpMeanwhile(namespace, options);
  }

  /** The same while captures run: a state that will not last. */
  async dumpMeanwhile(namespace, options) {
    this.know(namespace);
    const written = await dumpNamespace(namespace, this.bundle, options);
    this.dumps.set(namespace.title, [...(this.dumps.get(namespace.title) ?? []), ...written]);
  }

  know(namespace) {
    const path = namespace.path ?? '/proc/self/ns/net';
    const { name, host, clock } = namespace;
    this.known.set(namespace.title, {
      name,
      host,
      clock,
      ...namespace.inManifest,
      inode: statSync(path).ino,
    });
  }

  file(path, text) {
    mkdirSync(join(this.bundle, path, '..'), { recursive: true });
    writeFileSync(join(this.bundle, path), text);
  }

  /** The captures and the manifest; the dumps are there already. */
  writeBundle() {
    for (const capture of this.captures) capture.writeTo(this.bundle);
    if (this.incident.manifest === false) return;
    const hosts = new Map([...this.known.values()].map(({ host, clock }) => [host, clock]));
    for (const [host, clock] of hosts)
      this.file(host === undefined ? 'manifest.json' : `${host}/manifest.json`, manifest(this, host, clock));
  }

  write() {
    this.writeBundle();
    const truth = expectation(this);
    writeFileSync(join(this.target, 'expect.json'), truth);
    writeFileSync(join(this.target, 'expect.yaml'), expectYaml(JSON.parse(truth)));
    writeFileSync(join(this.target, 'README.md'), readme(this));
  }
}
