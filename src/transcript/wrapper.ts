/** What stands in front of a command and says where it runs: sudo, `ip netns exec NS`, `nsenter`, `docker exec C`, `ssh HOST`. */
import { lazily } from '../base/memo.ts';

/** Where a command runs, as far as its words say: a namespace's name, a container's name or id, or a process. */
export interface Where {
  readonly namespace?: string;
  readonly container?: string;
  readonly pid?: number;
  /** Another machine. */
  readonly host?: string;
}

export interface Inner {
  /** The command itself, empty when only a shell is opened there. */
  readonly text: string;
  readonly where?: Where;
  /** A shell is opened: what follows is typed in it, until it ends. */
  readonly opensShell: boolean;
}

const PLAIN =
  /^(?:(?:sudo|doas)(?:\s+(?:-[A-Za-z]*[ugp]\s+\S+|-[AbEeHikKnPSsv]+|--))*|time|exec|command|nohup|env|(?:[A-Z_][A-Z0-9_]*=\S*))\s+/;
const NETNS = lazily(() => /^(?:\/(?:usr\/)?s?bin\/)?ip\s+netns\s+exec\s+(\S+)(?:\s+|$)/);
const IP_N = lazily(
  () => /^((?:\/(?:usr\/)?s?bin\/)?ip(?:\s+-(?!n(?:etns)?\s)\S+)*)\s+-n(?:etns)?\s+(\S+)\s+/,
);
const BRIDGE_N = lazily(
  () => /^((?:bridge|tc|ss)(?:\s+-(?!n(?:etns)?\s|N\s)\S+)*)\s+-(?:n(?:etns)?|N)\s+([A-Za-z]\S*)\s+/,
);
const NSENTER = lazily(
  () =>
    /^(?:\/(?:usr\/)?s?bin\/)?nsenter((?:\s+(?:-[a-zA-Z]+(?:[= ]\d+)?|--[a-z-]+(?:=\S+)?|\d+))+)(?:\s+|$)(?:--\s+)?/,
);
const ENGINE = lazily(
  () =>
    /^(?:docker|podman|nerdctl)\s+(?:container\s+)?exec((?:\s+(?:-[a-z]*[uwe]\s+\S+|-[a-z]+|--(?:user|workdir|env)[= ]\S+|--[a-z-]+))*)\s+(\S+)(?:\s+|$)/,
);
const COMPOSE = lazily(() => /^docker(?:-|\s+)compose\s+(?:-f\s+\S+\s+)*exec(?:\s+-\S+)*\s+(\S+)(?:\s+|$)/);
const POD = lazily(
  () =>
    /^(?:(?:k3s\s+)?kubectl|oc)\s+(?:-n\s*\S+\s+|--\S+\s+)*exec((?:\s+(?:-[a-z]*[nc]\s+\S+|-[a-z]+|--(?:namespace|container)[= ]\S+|--[a-z-]+))*)\s+(?:pods?\/)?([\w.-]+)(?:\s+(?:-[a-z]*[nc]\s+\S+|-[a-z]+|--[a-z]+=\S+))*(?:\s+--)?(?:\s+|$)/,
);
const LXC = lazily(() => /^(?:lxc|incus)\s+exec\s+(\S+)(?:\s+-\S+)*(?:\s+--)?(?:\s+|$)/);
/** A host's name alone may as well be a word of a sentence: without a command it takes a user or an address. */
const SSH = lazily(
  () =>
    /^ssh((?:\s+(?:-[bcDEeFIiJLlmOopQRSWw]\s*\S+|-[46AaCfGgKkMNnqsTtVvXxYy]+))*)\s+(?:([\w.-]+)@)?([A-Za-z0-9][\w.-]*)(?:\s+|$)/,
);
const SHELL = lazily(
  () =>
    /^(?:\/(?:usr\/)?bin\/)?(?:ba|da|z|a|k)?sh(?:\s+-[il]+|\s+--(?:login|norc|noprofile|rcfile\s+\S+))*\s*$/,
);
const SHELL_C = lazily(() => /^(?:\/(?:usr\/)?bin\/)?(?:ba|da|z|a|k)?sh\s+-[a-z]*c\s+(['"])(.*)\1\s*$/s);

export function innerCommand(given: string): Inner {
  let text = given.trim();
  let where: Where | undefined;
  let entered = false;
  for (let found = true; found; ) {
    found = false;
    const plain = PLAIN.exec(text);
    if (plain) {
      if (/^(?:sudo|doas)\b.*\s-[a-z]*[is]/.test(plain[0]) && text.length === plain[0].trimEnd().length)
        break;
      text = text.slice(plain[0].length);
      found = true;
      continue;
    }
    const step = enter(text);
    if (step) {
      ({ text } = step);
      // `ssh node ip netns exec red …` is a namespace of that machine.
      where = where?.host === undefined ? step.where : { ...step.where, host: where.host };
      entered = step.entered;
      found = true;
    }
  }
  const script = SHELL_C().exec(text);
  if (script) return innerWith(script[2] ?? '', where);
  if (SHELL().test(text)) return { text: '', ...(where && { where }), opensShell: true };
  const opensShell = entered && text === '';
  return { text, ...(where && { where }), opensShell };
}

function innerWith(text: string, where: Where | undefined): Inner {
  return { text: text.trim(), ...(where && { where }), opensShell: false };
}

function enter(text: string): { text: string; where: Where; entered: boolean } | undefined {
  const netns = NETNS().exec(text);
  if (netns)
    return { text: text.slice(netns[0].length), where: { namespace: netns[1] ?? '' }, entered: false };
  const named = IP_N().exec(text) ?? BRIDGE_N().exec(text);
  if (named)
    return {
      text: `${named[1]} ${text.slice(named[0].length)}`,
      where: { namespace: named[2] ?? '' },
      entered: false,
    };
  const nsenter = NSENTER().exec(text);
  if (nsenter) {
    const where = placeOfNsenter(nsenter[1] ?? '');
    if (where) return { text: text.slice(nsenter[0].length), where, entered: true };
  }
  const engine = ENGINE().exec(text);
  if (engine)
    return { text: text.slice(engine[0].length), where: { container: engine[2] ?? '' }, entered: true };
  const compose = COMPOSE().exec(text);
  if (compose)
    return { text: text.slice(compose[0].length), where: { container: compose[1] ?? '' }, entered: true };
  const pod = POD().exec(text);
  if (pod) return { text: text.slice(pod[0].length), where: { container: pod[2] ?? '' }, entered: true };
  const lxc = LXC().exec(text);
  if (lxc) return { text: text.slice(lxc[0].length), where: { container: lxc[1] ?? '' }, entered: true };
  return throughSsh(text);
}

function throughSsh(text: string): { text: string; where: Where; entered: boolean } | undefined {
  const [whole = '', options, user, host = ''] = SSH().exec(text) ?? [];
  if (whole === '') return undefined;
  const rest = text.slice(whole.length);
  const named = user !== undefined || options !== '' || /[.\d]/.test(host);
  if (rest === '' && !named) return undefined;
  const quoted = /^(['"])(.*)\1\s*$/s.exec(rest);
  return { text: quoted?.[2] ?? rest, where: { host: shortName(host) }, entered: true };
}

/** `web1.example.org` and `web1` are one machine; of an address nothing is taken off. */
export function shortName(host: string): string {
  return /^\d+\./.test(host) ? host : (host.split('.')[0] ?? host);
}

/** `--net=/var/run/netns/red`, `-n -t 1234`, `-t 1 -n`. */
function placeOfNsenter(options: string): Where | undefined {
  const file = /(?:--net=|-n=?)(\/\S+)/.exec(options)?.[1];
  const process = /^\/proc\/(\d+)\/ns\/net$/.exec(file ?? '')?.[1];
  if (process !== undefined) return ofProcess(Number(process));
  if (file !== undefined) return { namespace: file.slice(file.lastIndexOf('/') + 1) };
  const pid = /(?:-t|--target)[= ]?(\d+)/.exec(options)?.[1];
  const entersNet = /--net\b|--all\b|(?:^|\s)-[a-z]*[na]/.test(options);
  return pid !== undefined && entersNet ? ofProcess(Number(pid)) : undefined;
}

/** Process 1 is the machine's own. */
function ofProcess(pid: number): Where {
  return pid === 1 ? { namespace: 'host' } : { pid };
}
