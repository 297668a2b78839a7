/** What strangers put where a name is expected. */

/** Each is one way to be more than text somewhere. */
export const PAYLOADS = {
  terminal:
    '\x1b[2J\x1b[1;1H\x1b[31m\x1b[?1049h\x1b]0;owned\x07\x1b]8;;http://evil.invalid\x1b\\x\x1b]8;;\x1b\\\x1b]52;c;cm0=\x1b\\' +
    '\x08\x0b\x0c\x7f\x85\x90\x9b31m\x9c\x9d',
  /** With so many of these a text is none any more. */
  binary: '\x00\x01\x07\x0e\x1a\ud800x\udc00\ufffd',
  lines: 'a\r\nnettrace: error: forged\n::error::forged\nnot ok 1 - forged\n+ 1\r\x1b[A',
  unseen:
    '\u202e\u202d\u2066\u2067\u2068\u2069\u202a\u202b\u202c\u200e\u200f\u061c' +
    '\u200b\u200c\u200d\ufeff\u00ad\u2060\u180e\u2028\u2029\u3164\u{e0041}\ufff9\ufe0f\ufffe\uffff',
  markup: `"'></td></title></style></script><script>alert(1)</script><img src=x onerror=alert(1)><!--]]><![CDATA[&amp;&#60;\${x}`,
  markdown: '`]|(x)*_~#![i](javascript:alert(1))<b>@mention #1 http://evil.invalid/ ```\\|',
  diagrams: `%%{init:{"securityLevel":"loose"}}%%";click a href "javascript:x"]]end-->subgraph;>];x->y[URL="javascript:x"];}<TABLE>\\N\\G"`,
  words: `: - {x: !!js/function y} # & * ! | > ' " % @ ,[]=cmd|'/C calc'!A0,+1$(id)\`id\`;id|id&id>x'"\\!*?~%s%n{{.}}\${{x}}{bold}{/}{open}`,
} as const;

/** Short enough for an interface, with five letters before them, and without what no name has. What comes of them is what comes of `PLAIN`. */
export const NAMES = {
  osc: '\x1b]52;c;eA=',
  c1: '\x9b2J\x9d0;x',
  bidirectional: '\u202ea\u2066b\u061c',
  invisible: 'a\u200bb\u00adc',
  tag: '"><b>a<b>\'',
  cdata: ']]><!--&lt',
  code: '`|``[x](y)',
  entity: '#60;&#60;~~',
  diagram: '"]-->end;{',
  shell: "$(id)'`id`",
  yaml: '&a~b!c?d>e',
} as const;
export const PLAIN = 'abcdefghij';

/** Where the text stands, and what can't be there without ending it. */
export type Kind =
  /** A string of JSON, a pcapng option, bytes of a packet. */
  | 'any'
  /** The rest of a line. */
  | 'line'
  /** Between blanks. */
  | 'word'
  /** The same where a grammar has letters, digits and little else: what else is there is no such dump. */
  | 'token'
  /** Between double quotes, behind backslashes where needed. */
  | 'quoted'
  /** A file's name. */
  | 'file';

export function fitting(text: string, kind: Kind): string {
  switch (kind) {
    case 'any':
      return text;
    case 'line':
      return text.replace(/[\r\n\x85\u2028\u2029]/g, '');
    case 'quoted':
      return text.replace(/[\r\n\x85\u2028\u2029]/g, '').replace(/["\\]/g, (sign) => `\\${sign}`);
    case 'word':
    case 'token':
      return text.replace(/[\s"'`|;,(){}[\]\\#\x00\x85]/g, '');
    case 'file':
      return Buffer.from(text.replace(/[/\x00]/g, '')).toString();
  }
}

/** What no output may have as it is: but for the line break, everything that a terminal acts on or nobody sees. */
export const UNPRINTABLE =
  /[\0-\t\v-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\ufff9-\ufffb\u{e0000}-\u{e0fff}]|\ufe0f|\p{Cs}|[\ufffe\uffff]/u;
