/**
 * sysctl.conf(5) and sysctl.d(5): what is set at boot, which is not what the kernel has. Of several files those of sysctl.d count in
 * the order of their names, /etc/sysctl.conf last, as `sysctl --system` goes through them (procps, src/sysctl.c, PreloadSystem()).
 */
import type { Issue } from '../../base/issue.ts';
import { badLine, because, type Format, type Parsed, sample } from '../format.ts';
import type { Sysctl } from '../records.ts';
import type { DumpText } from '../text.ts';
import { SYSCTL_ROOT, sysctlName } from './sysctl.ts';

const FILE = '(?:/\\S*/)?(?:sysctl\\.conf|\\S+\\.conf)';
/** `net.ipv4.ip_forward=1`, `-net/ipv4/conf/eth0/rp_filter = 0` (errors are ignored), with the file's name before it as grep prints it. */
const LINE = new RegExp(`^\\s*(?:(${FILE}):(?:\\d+:)?)?\\s*(-)?(${SYSCTL_ROOT}[./][^\\s=]+)\\s*=(.*)$`);
/** `-net.ipv4.conf.eth0.rp_filter`: left out of a pattern's settings. */
const EXCLUDED = new RegExp(`^\\s*(?:(${FILE}):(?:\\d+:)?)?\\s*-(${SYSCTL_ROOT}[./]\\S+)\\s*$`);
/** `==> /etc/sysctl.d/99-docker.conf <==` of head and tail, `# /etc/sysctl.d/99-docker.conf` of systemd-analyze cat-config. */
const HEADING = /^\s*(?:==> |# )(\/\S*\/(?:sysctl\.conf|sysctl\.d\/\S+\.conf))(?: <==)?\s*$/;
const COMMENT = /^\s*[#;]/;
/** What tells such a file from what `sysctl` prints: comments, no blanks around `=`, signs before a name. */
const WRITTEN = new RegExp(
  `^\\s*[#;](?!\\s*(?:sudo |cat |sysctl |grep |head |tail ))|^\\s*(?:${FILE}:\\s*)?-?${SYSCTL_ROOT}[./][^\\s=]+=\\S|^\\s*(?:${FILE}:\\s*)?-${SYSCTL_ROOT}[./]`,
);
const COMMAND = /^(?:cat|grep|egrep|head|tail|less|more) .*\/sysctl(?:\.d\/|\.conf)/;

export const sysctlConf: Format = {
  id: 'sysctl-conf',
  command: 'cat /etc/sysctl.conf',
  recognise(text) {
    let settings = 0;
    let others = 0;
    let written: string | undefined;
    for (const { line, number } of sample(text)) {
      if (/^\s*\* Applying |\/proc\/sys\//.test(line)) return undefined;
      if (WRITTEN.test(line)) written ??= because(number, line);
      if (COMMENT.test(line) || HEADING.test(line)) continue;
      if (LINE.test(line) || EXCLUDED.test(line)) settings++;
      else others++;
    }
    const command = text.echo?.command ?? '';
    if (settings <= others) return undefined;
    return COMMAND.test(command) ? `the command \`${command.slice(0, 72)}\`` : written;
  },
  parse: parseFiles,
};

interface Setting {
  readonly file: string;
  readonly name: string;
  readonly entry: Sysctl;
}

function parseFiles(text: DumpText): Parsed {
  const issues: Issue[] = [];
  const settings: Setting[] = [];
  const excluded = new Set<string>();
  let heading = '';
  text.lines.forEach((line, index) => {
    heading = HEADING.exec(line)?.[1] ?? heading;
    if (line.trim() === '' || COMMENT.test(line) || HEADING.test(line)) return;
    const without = EXCLUDED.exec(line);
    const setting = LINE.exec(line);
    if (setting) {
      const [, file = heading, , name = '', value = ''] = setting;
      const entry = { value: value.trim(), span: { path: text.path, line: index + 1 } };
      settings.push({ file, name: sysctlName(name), entry });
    } else if (without) excluded.add(sysctlName(without[2] ?? ''));
    else issues.push(badLine(text.path, index + 1, line, 'a setting: `net.ipv4.ip_forward = 1`'));
  });
  const sysctls = new Map<string, Sysctl>();
  for (const { name, entry } of settings.toSorted((left, right) => fileOrder(left.file, right.file))) {
    for (const each of spread(name)) if (each === name || !excluded.has(each)) sysctls.set(each, entry);
  }
  return { content: { kind: 'boot-sysctls', sysctls }, issues };
}

/** By name, whatever the folder; /etc/sysctl.conf behind all. */
export function fileOrder(left: string, right: string): number {
  const key = (path: string) => {
    const name = path.slice(path.lastIndexOf('/') + 1);
    return `${name === 'sysctl.conf' ? 1 : 0}${name}`;
  };
  return key(left) < key(right) ? -1 : key(left) > key(right) ? 1 : 0;
}

/** A pattern over interfaces sets `all` and `default` too, from which the others follow. */
function spread(name: string): string[] {
  const pattern = /^(net\.ipv[46]\.(?:conf|neigh)\.)\*(\..+)$/.exec(name);
  return pattern ? ['all', 'default'].map((device) => `${pattern[1]}${device}${pattern[2]}`) : [name];
}
