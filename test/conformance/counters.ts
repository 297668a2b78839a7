/** `iptables-save -c` as a table: `4 filter FORWARD 3` or `4 filter FORWARD policy` → `packets:bytes`. */

export function readCounters(save: string, family: 4 | 6): Record<string, string> {
  const counters: Record<string, string> = {};
  const places = new Map<string, number>();
  let table = '';
  for (const line of save.split('\n')) {
    if (line.startsWith('*')) table = line.slice(1);
    const chain = /^:(\S+) (\S+) \[(\d+:\d+)\]/.exec(line);
    if (chain && chain[2] !== '-') counters[`${family} ${table} ${chain[1]} policy`] = chain[3] ?? '';
    const rule = /^\[(\d+:\d+)\] -A (\S+)/.exec(line);
    if (!rule) continue;
    const key = `${family} ${table} ${rule[2]}`;
    const place = (places.get(key) ?? 0) + 1;
    places.set(key, place);
    counters[`${key} ${place}`] = rule[1] ?? '';
  }
  return counters;
}
