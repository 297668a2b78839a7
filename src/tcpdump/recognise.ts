/** Is a text what tcpdump prints? */
import { bannerOf } from './banner.ts';
import { beginning } from './grouping.ts';
import { isHexLine } from './hex.ts';

/** So many lines with content are looked at. */
const LOOKED_AT = 400;

/** True where packets make up a good part of its first lines, or a banner stands before one. */
export function isTcpdumpText(lines: readonly string[]): boolean {
  let packets = 0;
  let stampless = 0;
  let others = 0;
  let listening = false;
  let seen = 0;
  for (const raw of lines) {
    const line = raw.slice(0, 400);
    if (line.trim() === '') continue;
    if (++seen > LOOKED_AT) break;
    const begun = beginning(line, true);
    if (begun?.sure && begun.stamp) packets++;
    else if (begun?.sure) stampless++;
    else if (begun?.stamp || isHexLine(line)) continue;
    else if ((packets > 0 ? /^\s+\S/ : /^(?:\t\s*|\s{4,})\S/).test(line)) continue;
    else {
      const banner = bannerOf(line);
      if (banner?.linkType !== undefined || banner?.captured !== undefined) listening = true;
      if (!banner) others++;
    }
  }
  if (listening) return true;
  return packets > 0 ? packets * 3 >= others : stampless > 0 && stampless >= others;
}
