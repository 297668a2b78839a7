/** Texts of the analysis as they read in a page. */
import { type Html, html } from './html.ts';

/** `captures/host/eth0.pcap packet 3`: where a line has no room for it, it is broken behind a slash, or before `packet`. */
export function breakable(path: string): Html {
  const [, file = path, packet = ''] = /^(.*)( packet \d+)$/s.exec(path) ?? [];
  const [first = '', ...others] = file.split('/');
  return html`${first}${others.map((part) => html`/<wbr>${part}`)}${packet !== '' && html` <span class="whole">${packet.trim()}</span>`}`;
}

/** What stands in backticks as code, and no line begins in the middle of an option. */
export function prose(text: string): Html {
  return html`${text.split(/`([^`]+)`/).map((part, index) => (index % 2 === 1 ? html`<code>${part}</code>` : whole(part)))}`;
}

/** `--dport`: a browser would break it behind its hyphens. */
export function whole(text: string): Html {
  return html`${text.split(/(?<= )(--?[a-z][a-z-]{0,30})(?= |$)/i).map((part, index) => (index % 2 === 1 ? html`<span class="whole">${part}</span>` : part))}`;
}

/** `✓ 3 packets   host/eth0.pcap   port veth3`: each part whole on a line where it has room. */
export function parts(text: string): Html {
  const list = text.split(/\u00a0+ ?/);
  if (list.length === 1) return whole(text);
  return html`${list.map((part) => html`<span class="part">${part.includes('/') ? breakable(part) : whole(part)}</span> `)}`;
}
