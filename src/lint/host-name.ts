/** Lines with a host name in place of an address: iptables asks the resolver when it loads them. */
import type { Issue } from '../base/issue.ts';

export function isHostName({ code, text }: Issue): boolean {
  const word = /^-[sd] (\S+): .*host names are resolved/.exec(text)?.[1];
  return code === 'bad-value' && word !== undefined && /^[a-z_][a-z0-9_-]*(\.[a-z0-9_-]+)*\.?$/i.test(word);
}
