/** Namespaces as `ip netns list` prints them, or `lsns` where no name is known. */
import type { NamespaceEntry } from '../records.ts';

export function printNamespaces(namespaces: readonly NamespaceEntry[]): string {
  const named = namespaces.every(({ name }) => name !== undefined);
  const inodes = !named && namespaces.some(({ inode }) => inode !== undefined);
  const lines = namespaces.map((entry) =>
    named ? listLine(entry) : inodes ? lsnsLine(entry) : idLine(entry),
  );
  return [...(inodes ? ['        NS TYPE NPROCS   PID USER COMMAND'] : []), ...lines, ''].join('\n');
}

function listLine({ name, netnsid }: NamespaceEntry): string {
  return netnsid === undefined ? `${name}` : `${name} (id: ${netnsid})`;
}

function idLine({ netnsid, name }: NamespaceEntry): string {
  return `nsid ${netnsid ?? '-'} ${name === undefined ? '' : `(iproute2 netns name: ${name})`}`.trimEnd();
}

/** What isn't kept (how many processes, whose) is left blank or 0. */
function lsnsLine({ inode, pid, command }: NamespaceEntry): string {
  return `${String(inode ?? 0).padStart(10)} net  ${'0'.padStart(6)} ${String(pid ?? 0).padStart(5)} -    ${command ?? ''}`.trimEnd();
}
