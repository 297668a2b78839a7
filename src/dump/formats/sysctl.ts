/** `sysctl -a`, and files of /proc/sys printed with their paths: sysctl(8). */
import type { Issue } from '../../base/issue.ts';
import { badLine, type Format, mostLines, type Parsed } from '../format.ts';
import type { Sysctl } from '../records.ts';
import type { DumpText } from '../text.ts';

/** The directories of /proc/sys. */
export const SYSCTL_ROOT = '(?:abi|crypto|debug|dev|fs|fscache|kernel|net|sunrpc|user|vm)';
/** `net.ipv4.ip_forward = 1`, `/proc/sys/net/ipv4/ip_forward:1`; people put them in lists, behind `-` or `*`. */
const LINE = new RegExp(
  `^\\s*(?:[-*]\\s*)?(?:(${SYSCTL_ROOT}[./][^\\s=]+)\\s*=|(/proc/sys/${SYSCTL_ROOT}/[^\\s=:]+)\\s*[=:])(.*)$`,
);
/** The path alone: `==> /proc/sys/… <==` of head and tail, `cat /proc/sys/…` with its prompt. The value follows. */
const PATH = new RegExp(
  `^(?:==> |\\S*?[$#%>]?\\s*(?:sudo )?cat |)(/proc/sys/${SYSCTL_ROOT}/\\S+)(?: <==)?\\s*$`,
);
const COMMENT = /^\s*[#;]|^sysctl: |^\s*\* Applying /;

export const sysctl: Format = {
  id: 'sysctl',
  command: 'sysctl -a',
  recognise: (text) => {
    const command = text.echo?.command ?? '';
    if (/^cat \/proc\/sys\//.test(command) || unnamedOf(command)) return `the command \`${command}\``;
    return mostLines(
      text,
      new RegExp(`${LINE.source}|${PATH.source}`),
      /^\s*[#;]|^(?!.*(?:\/proc\/sys\/|=))\s*\S+\s*$|^sysctl: /,
    );
  },
  parse: parseSysctls,
};

/** `sysctl -n NAME …` prints values alone, one a line, in the order in which they were asked for. */
function unnamedOf(command: string): string[] | undefined {
  const words = /^sysctl (.*)$/.exec(command)?.[1]?.split(/\s+/) ?? [];
  const names = words.filter((word) => new RegExp(`^${SYSCTL_ROOT}[./]\\S+$`).test(word));
  const alone = words.some((word) => word === '--values' || /^-[a-z]*n[a-z]*$/.test(word));
  return alone && names.length > 0 ? names : undefined;
}

function parseSysctls(text: DumpText): Parsed {
  const issues: Issue[] = [];
  const sysctls = new Map<string, Sysctl>();
  const unnamed = unnamedOf(text.echo?.command ?? '');
  let named = PATH.exec(text.echo?.command ?? '')?.[1];
  text.lines.forEach((line, index) => {
    if (line.trim() === '' || COMMENT.test(line)) {
      const echoed = /[#]/.test(line) ? PATH.exec(line)?.[1] : undefined;
      named = echoed ?? named;
      return;
    }
    const assignment = LINE.exec(line);
    const path = assignment ? undefined : PATH.exec(line)?.[1];
    const span = { path: text.path, line: index + 1 };
    if (assignment) {
      sysctls.set(sysctlName(assignment[1] ?? assignment[2] ?? ''), {
        value: (assignment[3] ?? '').trim(),
        span,
      });
      named = undefined;
    } else if (unnamed) {
      const name = unnamed.shift();
      if (name !== undefined) sysctls.set(sysctlName(name), { value: line.trim(), span });
      else issues.push(badLine(text.path, index + 1, line, 'one value for each name that was asked for'));
    } else if (path !== undefined) named = path;
    else if (named !== undefined) {
      sysctls.set(sysctlName(named), { value: line.trim(), span });
      named = undefined;
    } else issues.push(badLine(text.path, index + 1, line, 'a setting: `net.ipv4.ip_forward = 1`'));
  });
  return { content: { kind: 'sysctls', sysctls }, issues };
}

/**
 * The name as `sysctl -a` prints it. Slashes separate where the first separator is one, and then a dot belongs to an
 * interface's name, which `sysctl -a` in turn writes as a slash.
 */
export function sysctlName(name: string): string {
  const bare = name.replace(/^\/proc\/sys\//, '');
  const separator = /[./]/.exec(bare)?.[0];
  if (separator !== '/') return bare;
  return bare.replace(/[./]/g, (char) => (char === '/' ? '.' : '/'));
}
