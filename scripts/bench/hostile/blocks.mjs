/** pcapng files that are mostly not packets. */
import { writeFileSync } from 'node:fs';

const ENDS = 12;

function block(type, body) {
  const length = ENDS + body.length;
  const bytes = Buffer.alloc(length);
  bytes.writeUInt32LE(type, 0);
  bytes.writeUInt32LE(length, 4);
  bytes.set(body, 8);
  bytes.writeUInt32LE(length, length - 4);
  return bytes;
}

function section() {
  const body = Buffer.alloc(16, 0xff);
  body.writeUInt32LE(0x1a2b3c4d, 0);
  body.writeUInt16LE(1, 4);
  body.writeUInt16LE(0, 6);
  return block(0x0a0d0d0a, body);
}

function description(name = '') {
  const padded = Math.ceil(name.length / 4) * 4;
  const body = Buffer.alloc(8 + (name === '' ? 0 : 8 + padded));
  body.writeUInt16LE(1, 0);
  body.writeUInt32LE(262144, 4);
  if (name !== '') {
    body.writeUInt16LE(2, 8);
    body.writeUInt16LE(name.length, 10);
    body.write(name, 12);
  }
  return block(1, body);
}

/** A packet of 42 bytes on the interface, with so many bytes of a comment. */
function packet(number, comment = 0) {
  const padded = Math.ceil(comment / 4) * 4;
  const body = Buffer.alloc(20 + 44 + (comment > 0 ? 8 + padded : 0));
  body.writeUInt32LE(number, 0);
  body.writeUInt32LE(0x60000, 4);
  body.writeUInt32LE(42, 12);
  body.writeUInt32LE(42, 16);
  body.set([2, 0x42, 10, 9, 0, 1, 2, 0x42, 10, 9, 0, 2, 8, 0, 0x45, 0, 0, 28], 20);
  body.set([0, 1, 0, 0, 64, 17, 0, 0, 10, 9, 0, 2, 10, 9, 0, 1, 0x0f, 0xa0, 0, 53, 0, 8, 0, 0], 38);
  if (comment > 0) {
    body.writeUInt16LE(1, 64);
    body.writeUInt16LE(comment, 66);
    body.fill(0x78, 68, 68 + comment);
  }
  return block(6, body);
}

/** As many interfaces, each with one packet. */
export function interfaces(path, count) {
  const parts = [section()];
  for (let number = 0; number < count; number++) parts.push(description());
  for (let number = 0; number < count; number++) parts.push(packet(number));
  writeFileSync(path, Buffer.concat(parts));
}

/** The same with names, and packets that two routers each pass on, for the same few addresses: all could be ways through one host. */
export function routedInterfaces(path, count) {
  const parts = [section()];
  for (let number = 0; number < count; number++) parts.push(description(`eth${number}`));
  for (let number = 0; number < count; number++)
    for (let router = 0; router < 4; router++) parts.push(routed(number, router));
  writeFileSync(path, Buffer.concat(parts));
}

/** A packet that came through so many routers, from one station to the next. */
function routed(number, router) {
  const block = packet(number);
  const frame = 28;
  block[frame + 5] = router + 1;
  block[frame + 11] = router;
  block[frame + 22] = 64 - router;
  block[frame + 29] = router;
  return block;
}

export function sections(path, count) {
  const parts = [];
  for (let number = 0; number < count; number++) parts.push(section(), description(), packet(0));
  writeFileSync(path, Buffer.concat(parts));
}

/** Blocks of a type that nobody knows, without anything in them. */
export function empty(path, count) {
  const nothing = block(0x0bad, Buffer.alloc(0));
  writeFileSync(
    path,
    Buffer.concat([section(), description(), ...Array.from({ length: count }, () => nothing), packet(0)]),
  );
}

export function comments(path, count) {
  const parts = [section(), description()];
  for (let number = 0; number < count; number++) parts.push(packet(0, 60_000));
  writeFileSync(path, Buffer.concat(parts));
}
