/** A Docker engine whose host network is the recording's, with its state on file systems of the sandbox. */
import { Namespace } from './namespace.mjs';

const IMAGE = 'lab/busybox';
const CGROUP = '/lab';

export class Docker {
  constructor(lab) {
    this.lab = lab;
    this.host = lab.host;
  }

  /** @param {string} flags for dockerd */
  async start(flags = '') {
    await this.host.sh('mkdir -p /var/lib/docker && mount -t tmpfs -o mode=711 sandbox /var/lib/docker');
    this.engine = await this.host.start(
      `dockerd --storage-driver vfs --cgroup-parent ${CGROUP} ${flags} 2>&1`,
      /API listen on/,
    );
    // An image of one static program, made here: nothing is pulled.
    await this.host.sh(`
      mkdir -p /tmp/image/bin /tmp/image/www /tmp/image/etc
      cp /bin/busybox /tmp/image/bin/
      for tool in sh httpd nc sleep ping wget ip; do ln -s busybox /tmp/image/bin/$tool; done
      echo 'it works' > /tmp/image/www/index.html
      tar -C /tmp/image -c . | docker import - ${IMAGE}:1`);
  }

  /** `docker run -d ARGS IMAGE COMMAND`; the container's namespace, named as the container. */
  async run(name, args, command) {
    await this.host.sh(`docker run -d --name ${name} --hostname ${name} ${args} ${IMAGE}:1 ${command}`);
    const pid = (await this.host.sh(`docker inspect -f '{{.State.Pid}}' ${name}`)).trim();
    const namespace = new Namespace(name, `/proc/${pid}/ns/net`, 'machine');
    namespace.inManifest = { pid: Number(pid), container: name };
    return namespace;
  }

  /** What `docker inspect`, `docker network inspect` and `ps -ef` print. */
  async dump({ processes = true } = {}) {
    const { host, lab } = this;
    lab.file('docker/containers.json', await host.sh('docker inspect $(docker ps -aq)'));
    lab.file('docker/networks.json', await host.sh('docker network inspect $(docker network ls -q)'));
    if (!processes) return;
    const lines = (await host.sh('ps -ef')).split('\n');
    // The recorder's own processes are no part of the picture.
    const kept = lines.filter(
      (line, index) => index === 0 || /dockerd|docker-proxy|httpd|sleep \d|nc -l/.test(line),
    );
    lab.file(
      'processes.txt',
      `${kept.filter((line) => !/unshare|sh -euc|sleep 600$/.test(line)).join('\n')}\n`,
    );
  }

  /** Ends containers and engine, so that their control groups go too. */
  async stop() {
    if (this.engine === undefined) return;
    const { child, ended } = this.engine;
    this.engine = undefined;
    await this.host.attempt('docker rm -f $(docker ps -aq)');
    child.kill('SIGTERM');
    await ended;
    await this.host.attempt(`rmdir /sys/fs/cgroup/*${CGROUP} /sys/fs/cgroup/*/*${CGROUP} 2>/dev/null`);
  }
}

/** Runs `record` with an engine; it is stopped whatever happens. */
export async function withDocker(lab, flags, record) {
  const docker = new Docker(lab);
  lab.cleanups.push(() => docker.stop());
  await docker.start(flags);
  await record(docker);
}
