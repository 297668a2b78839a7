/** What the command line says of the text that tcpdump printed. */
export interface TcpdumpFlags {
  /** How often `-t`. */
  readonly ts: number;
  /** `-S` */
  readonly absolute: boolean;
  /** `-A` */
  readonly ascii: boolean;
  readonly interfaceName?: string;
  /** `-r` */
  readonly file?: string;
}

/** Undefined: no tcpdump in it. */
export function tcpdumpFlags(command: string): TcpdumpFlags | undefined {
  const at = /(?:^|[\s/])tcpdump(?=\s|$)/.exec(command);
  if (!at) return undefined;
  const words = command.slice(at.index + at[0].length).split(/\s+/);
  let ts = 0;
  let absolute = false;
  let ascii = false;
  let interfaceName: string | undefined;
  let file: string | undefined;
  for (let i = 0; i < words.length; i++) {
    const word = words[i] as string;
    if (/^[|>;&]/.test(word)) break;
    const long = /^--interface(?:=(.+))?$/.exec(word);
    if (long) interfaceName = long[1] ?? words[++i];
    if (!/^-[a-zA-Z#]/.test(word)) continue;
    for (let j = 1; j < word.length; j++) {
      const letter = word[j] as string;
      if (letter === 't') ts++;
      else if (letter === 'S') absolute = true;
      else if (letter === 'A') ascii = true;
      if (!'BcCEFGijmMQrsTVwWyzZ'.includes(letter)) continue;
      const value = word.slice(j + 1) || words[++i];
      if (letter === 'i') interfaceName = value;
      if (letter === 'r') file = value;
      break;
    }
  }
  return {
    ...{ ts, absolute, ascii },
    ...(interfaceName !== undefined &&
      interfaceName !== 'any' && { interfaceName: interfaceName.replace(/:$/, '') }),
    ...(file !== undefined && { file }),
  };
}
