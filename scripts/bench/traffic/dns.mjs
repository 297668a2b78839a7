/** A DNS question for an A record and its answer (RFC 1035), of a flow's own name and identifier. */
const HEADER = 12;
const SUFFIX = [7, ...letters('service'), 7, ...letters('example'), 3, ...letters('net'), 0, 0, 1, 0, 1];
const DIGITS = 6;
const QUESTION = HEADER + 1 + 1 + DIGITS + SUFFIX.length;
const asked = new Uint8Array(QUESTION);
const answered = new Uint8Array(QUESTION + 16);

function letters(text) {
  return [...text].map((letter) => letter.charCodeAt(0));
}

function question(bytes, { clientPort, serverSequence }, flags) {
  bytes.fill(0);
  bytes[0] = serverSequence & 0xff;
  bytes[1] = clientPort & 0xff;
  bytes[2] = flags >> 8;
  bytes[3] = flags & 0xff;
  bytes[5] = 1;
  bytes[HEADER] = 1 + DIGITS;
  bytes[HEADER + 1] = 104;
  for (let digit = DIGITS, rest = serverSequence >>> 12; digit > 0; digit--) {
    bytes[HEADER + 1 + digit] = 48 + (rest % 10);
    rest = Math.floor(rest / 10);
  }
  bytes.set(SUFFIX, HEADER + 2 + DIGITS);
}

export function query(flow) {
  question(asked, flow, 0x0100);
  return asked;
}

export function answer(flow) {
  question(answered, flow, 0x8180);
  answered[7] = 1;
  answered.set([0xc0, HEADER, 0, 1, 0, 1, 0, 0, 1, 44, 0, 4, 198, 51, 100, flow.clientPort & 0x7f], QUESTION);
  return answered;
}
