/** Many commands of iproute2 in one process: starting one costs more than most of what they do. */

/** A command of iproute2 that the shell has nothing to do with; its options, and what follows them. */
const PLAIN = /^((?:ip|bridge)(?: -\S+)*) ((?!-)[\w.:/ -]+)$/;

export function here(command: string, text: string): string {
  return `${command} <<'NETTRACE_END'\n${text.trimEnd()}\nNETTRACE_END`;
}

/** `ip -batch` stops at the first line that fails. */
export function batch(command: string, lines: readonly string[]): string {
  return here(`${command} -batch -`, lines.join('\n'));
}

/** The same commands, neighbours that can be in one batch. */
export function inBatches(commands: readonly string[]): string[] {
  const lines: string[] = [];
  let open = { command: '', lines: [] as string[] };
  const close = () => {
    if (open.lines.length > 0) lines.push(batch(open.command, open.lines));
  };
  for (const each of commands) {
    const [, command = '', line = ''] = PLAIN.exec(each) ?? [];
    if (command !== open.command) {
      close();
      open = { command, lines: [] };
    }
    if (command === '') lines.push(each);
    else open.lines.push(line);
  }
  close();
  return lines;
}
