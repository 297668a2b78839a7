/** Flows that wait for their time, in slots of about a millisecond. */
const SLOT = 1024;

export class Sleepers {
  /** @param {number} start microseconds */
  constructor(start) {
    this.slot = Math.floor(start / SLOT);
    this.slots = new Map();
    this.awake = [];
    this.count = 0;
  }

  /** The time up to which everybody has been woken, in microseconds. */
  get now() {
    return this.slot * SLOT;
  }

  add(flow, time) {
    const slot = Math.max(this.slot, Math.floor(time / SLOT) + 1);
    const there = this.slots.get(slot);
    if (there === undefined) this.slots.set(slot, [flow]);
    else there.push(flow);
    this.count++;
  }

  /** One whose time has come, or undefined. */
  due(time) {
    const until = Math.floor(time / SLOT);
    while (this.slot < until) {
      this.slot++;
      this.wake();
    }
    return this.take();
  }

  /** The next one, however long it still has to sleep. */
  first() {
    if (this.count === 0) return undefined;
    while (this.awake.length === 0) {
      this.slot++;
      this.wake();
    }
    return this.take();
  }

  wake() {
    const there = this.slots.get(this.slot);
    if (there === undefined) return;
    this.slots.delete(this.slot);
    this.awake.push(...there);
  }

  take() {
    if (this.awake.length === 0) return undefined;
    this.count--;
    return this.awake.pop();
  }
}
