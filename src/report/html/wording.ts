/** Texts of the analysis as they read in a page. */
import { type Html, html } from './html.ts';

/** `kv-east/captures/host/eth0.pcap`: where a line has no room for it, it is broken behind a slash. */
export function breakable(path: string): Html {
  const [first = '', ...others] = path.split('/');
  return html`${first}${others.map((part) => html`/<wbr>${part}`)}`;
}

/** What stands in backticks as code. */
export function prose(text: string): Html {
  return html`${text.split(/`([^`]+)`/).map((part, index) => (index % 2 === 1 ? html`<code>${part}</code>` : part))}`;
}

const BEGINNINGS =
  /^(?:an?|the|no|nobody|nothing|every|each|one|in|it|what|container|datagrams|segments)(?= )/;

/** A title as a heading. Only words of the language are written large: a title may begin with the name of a device. */
export function sentence(text: string): string {
  return text.replace(BEGINNINGS, (word) => word.slice(0, 1).toUpperCase() + word.slice(1));
}

/** `✓ 3 packets   host/eth0.pcap   port veth3`: each part whole on a line where it has room. */
export function parts(text: string): Html {
  const list = text.split(/\u00a0+ ?/);
  if (list.length === 1) return html`${text}`;
  return html`${list.map((part) => html`<span class="part">${part.includes('/') ? breakable(part) : part}</span> `)}`;
}
