/** A classic pcap file of frames that are bytes already. */
import { closeSync, openSync, writeSync } from 'node:fs';

const BLOCK = 1 << 20;

export class PcapWriter {
  constructor(path) {
    this.descriptor = openSync(path, 'w');
    this.bytes = new Uint8Array(BLOCK + (1 << 17));
    this.view = new DataView(this.bytes.buffer);
    this.at = 24;
    this.view.setUint32(0, 0xa1b2c3d4, true);
    this.view.setUint16(4, 2, true);
    this.view.setUint16(6, 4, true);
    this.view.setUint32(16, 262144, true);
    this.view.setUint32(20, 1, true);
  }

  /** @param {number} time seconds since the epoch @param {number} said bytes captured, as the header says */
  add(time, frame, said = frame.length) {
    const { view, at } = this;
    const seconds = Math.floor(time);
    view.setUint32(at, seconds, true);
    view.setUint32(at + 4, Math.floor((time - seconds) * 1e6), true);
    view.setUint32(at + 8, said, true);
    view.setUint32(at + 12, frame.length, true);
    this.bytes.set(frame, at + 16);
    this.at = at + 16 + frame.length;
    if (this.at >= BLOCK) this.flush();
  }

  flush() {
    for (let done = 0; done < this.at; ) done += writeSync(this.descriptor, this.bytes, done, this.at - done);
    this.at = 0;
  }

  close() {
    this.flush();
    closeSync(this.descriptor);
  }
}
