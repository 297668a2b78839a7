/** What was asked for, of those who set networks up: not what the kernel holds. */
import { lazily } from '../../../base/memo.ts';
import { has } from '../../format.ts';
import { isObject } from '../../json.ts';
import type { Unused } from './unused.ts';

export const MANAGERS = lazily((): readonly Unused[] => [
  {
    id: 'nmcli',
    command: 'nmcli device',
    why: 'says what NetworkManager set up, not what the kernel holds; `ip addr` and `ip route` do',
    tells:
      /^\s*(?:GENERAL\.DEVICE:|DEVICE\s+TYPE\s+STATE\s+CONNECTION\b|NAME\s+UUID\s+TYPE\s+DEVICE\b|connection\.id:)/,
  },
  {
    id: 'networkctl',
    command: 'networkctl',
    why: 'says what systemd-networkd set up, not what the kernel holds; `ip addr` and `ip route` do',
    tells: /^\s*IDX\s+LINK\s+TYPE\s+OPERATIONAL\s+SETUP\b|^\s*Network File: /,
  },
  {
    id: 'resolvectl',
    command: 'resolvectl status',
    why: 'says whom systemd-resolved asks; whom the programs ask is in `/etc/resolv.conf`, of the host and of each container',
    tells: /^\s*Link \d+ \(\S+\)\s*$|^\s*Current Scopes: |^\s*resolv\.conf mode: /,
    commands: /^(?:resolvectl|systemd-resolve)(?: --?status| status|$)/,
  },
  {
    id: 'netinfo',
    command: "cloud-init's network summary",
    why: 'shows addresses and routes as they were at boot; `ip addr` and `ip route` have them as they are',
    tells: /^\++(?:Net device info|Route IPv[46] info)\++\s*$/,
  },
  {
    id: 'interfaces',
    command: 'cat /etc/network/interfaces',
    why: 'says what is set up at boot; `ip addr` and `ip route` say what stands',
    tells: /^\s*iface \S+ inet6? (?:static|dhcp|manual|loopback|auto)\b/,
  },
  {
    id: 'netplan',
    command: 'a netplan file',
    why: 'says what is set up at boot; `ip addr` and `ip route` say what stands',
    tells: /^network:\s*$/,
  },
  {
    id: 'ufw',
    command: 'ufw status',
    why: 'says what ufw was asked for; the rules it made of it are in `iptables-save` and `ip6tables-save`',
    tells:
      /^\s*Status: (?:in)?active\s*$|^Profile: \S.*$|^Default: \w+ \(incoming\)|^Logging: \w+ \(\w+\)\s*$/,
  },
  {
    id: 'firewall-cmd',
    command: 'firewall-cmd --list-all',
    why: 'says what firewalld was asked for; the rules it made of it are in `nft list ruleset` or `iptables-save`',
    tells:
      /^ {2}(?:target: \S+|icmp-block-inversion: \w+|masquerade: (?:yes|no)|rich rules:|forward-ports:)\s*$/,
    commands: /^firewall-cmd /,
  },
  {
    id: 'systemctl',
    command: 'systemctl status',
    why: 'says whether a service runs; what it did to the network is in `iptables-save` and `ip addr`',
    tells: /^\s*(?:[●○×*] \S+\.(?:service|socket) - |Loaded: loaded \(|Active: (?:active|inactive|failed) )/,
    commands: /^(?:systemctl|service) /,
  },
  {
    id: 'docker-version',
    command: 'docker version, docker info',
    why: 'tells of the engine, not of containers or networks; `docker inspect` and `docker network inspect` do',
    tells:
      /^\s*(?:API version:\s+[\d.]+|Git commit:\s+[0-9a-f]+|Client API version:\s|Storage Driver: \S+|Containers: \d+|Server Version: \S+|Cgroup Driver: \S+|Docker version [\d.]+)|Cannot connect to the Docker daemon/,
    commands: /^(?:docker|podman|nerdctl)(?:-compose)? (?:version|info|--version|-v|system info)/,
  },
  {
    id: 'docker-networks',
    command: 'docker network ls',
    why: 'names networks without their subnets; `docker network inspect $(docker network ls -q)` has them',
    tells: /^NETWORK ID\s+NAME\s+(?:VERSION\s+PLUGINS|DRIVER\s+SCOPE)\b/,
    commands: /^(?:docker|podman) network (?:ls|list)/,
  },
  {
    id: 'docker-port',
    command: 'docker port',
    why: 'has the published ports of one container; `docker inspect` and `docker ps` have them with their container',
    tells: /^\s*\d{1,5}\/(?:tcp|udp|sctp) -> \S+:\d{1,5}\s*$/,
    commands: /^(?:docker|podman) (?:container )?port /,
  },
  {
    id: 'docker-logs',
    command: 'docker logs',
    why: 'is what a program wrote; of packets, captures and netfilter traces tell',
    commands: /^(?:docker|podman|kubectl)(?:-compose| compose| container)? logs /,
  },
  {
    id: 'docker-images',
    command: 'docker images',
    why: 'has nothing of the network',
    tells: /^(?:REPOSITORY\s+TAG\s+IMAGE ID|CONTAINER ID\s+NAME\s+CPU %|VOLUME NAME|DRIVER\s+VOLUME NAME)\b/,
    commands: /^(?:docker|podman) (?:images?|volumes?|stats|top|events|pull|build|history)(?: |$)/,
  },
  {
    id: 'docker-exec-json',
    command: 'an exec of the Docker API',
    why: 'tells of a command that was run in a container; `docker inspect CONTAINER` tells of the container',
    tells: (record) => isObject(record.ProcessConfig) && has(record, 'ID'),
  },
  {
    id: 'compose',
    command: 'a compose file',
    why: 'says what Docker was asked for; `docker inspect` says what it made of it',
    tells: /^services:\s*$|^version: ['"]?[23](?:\.\d+)?['"]?\s*$/,
  },
  {
    id: 'compose-ps',
    command: 'docker compose ps',
    why: 'has the ports that a compose project publishes; `docker ps` has them for every container, with ids',
    tells:
      /^\s*NAME\s+(?:IMAGE\s+)?COMMAND\s+(?:SERVICE\s+)?(?:CREATED\s+)?STATUS?\s+PORTS\b|^\s*Name\s+Command\s+State\s+Ports\b/,
    commands: /^docker(?:-| )compose (?:ps|ls|config|top)/,
  },
  {
    id: 'daemon-json',
    command: 'cat /etc/docker/daemon.json',
    why: 'says what dockerd was told; what it made of it is in `iptables-save`, `sysctl -a` and `docker network inspect`',
    tells: (record) =>
      [
        'iptables',
        'ip6tables',
        'bip',
        'default-address-pools',
        'userland-proxy',
        'fixed-cidr',
        'storage-driver',
        'log-driver',
        'insecure-registries',
        'registry-mirrors',
        'firewall-backend',
        'ip-forward',
        'live-restore',
        'exec-opts',
      ].some((key) => has(record, key)) && !has(record, 'Id'),
  },
  {
    id: 'kubectl',
    command: 'kubectl get',
    why: 'says what Kubernetes was asked for; what kube-proxy made of it is in `iptables-save` or `nft list ruleset` of the node',
    tells:
      /^\s*(?:NAMESPACE\s+)?NAME\s+(?:READY\s+STATUS\s+RESTARTS|READY\s+UP-TO-DATE|TYPE\s+CLUSTER-IP|ENDPOINTS\s+AGE|ADDRESSTYPE\s+PORTS|STATUS\s+ROLES|POD-SELECTOR|DESIRED\s+CURRENT|CLASS\s+HOSTS)\b/,
    commands: /^(?:kubectl|oc|k3s kubectl|crictl|calicoctl|cilium) /,
  },
  {
    id: 'crictl',
    command: 'crictl ps',
    why: 'has no ports or networks; `crictl inspectp` and `ip addr` in the pod do',
    tells: /^CONTAINER\s+IMAGE\s+CREATED\s+STATE\s+NAME\s+ATTEMPT\s+POD ID\b/,
  },
]);
