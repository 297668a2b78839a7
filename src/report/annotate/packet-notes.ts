/** What is written of a packet beside its bytes: comments, flags and number. */
import type { Frame } from '../../capture/frame.ts';
import { BlockNotes } from '../../capture/packet-blocks.ts';
import { type PcapngOption, readOptions } from '../../capture/pcapng-options.ts';
import type { FlowEnd } from '../../correlate/flow.ts';
import { isForAll, isOverlay, tunnelName } from '../../correlate/overlay.ts';
import { endsOf } from '../../correlate/sighting.ts';
import type { AnalyzeResult } from '../../diagnose/analyze.ts';
import type { Filter } from '../../filter/filter.ts';
import { dissect } from '../../packet/dissect.ts';
import type { Packet } from '../../packet/packet.ts';
import { PlainPacket } from '../../packet/plain/packet.ts';
import { AskedPackets } from './asked-packets.ts';
import { Comments } from './comments.ts';
import { flagsOf, flagsOfPlain } from './flags.ts';
import { Fragments } from './fragments.ts';
import { type SingleNotes, singleNotes } from './notes.ts';
import { PacketIds } from './packet-ids.ts';
import type { PointsByPlace, WrittenPlace } from './places.ts';
import { toldText } from './told-text.ts';
import { type Way, Ways } from './ways.ts';

/** epb_flags, epb_packetid */
const FLAGS = 2;
const PACKET_ID = 5;
const OPTION_HEADER = 4;
const RST = 4;
/** Where TCP's flags are in its header. */
const TCP_FLAGS = 13;

export class PacketNotes {
  /** Of the packet that `read` was called with last. */
  readonly block = new BlockNotes();
  readonly #points: PointsByPlace;
  readonly #ways: Ways;
  readonly #single: SingleNotes;
  readonly #asked: AskedPackets | undefined;
  readonly #ids = new PacketIds();
  readonly #fragments = new Fragments();
  readonly #plain = new PlainPacket();
  readonly #comments = new Comments();

  /** `ways`: of counted flows, as many are remembered at least. */
  constructor(
    result: AnalyzeResult,
    points: PointsByPlace,
    { ways, filter }: { readonly ways: number; readonly filter: Filter | undefined },
  ) {
    this.#points = points;
    this.#ways = new Ways(result, ways);
    this.#single = singleNotes(result);
    this.#asked = filter && new AskedPackets(filter, result.scene.correlation, this.#ways);
  }

  /** To be called in order of time, which the frame has by the common clock. False: a filter doesn't ask for it. */
  read(frame: Frame, input: number, place: WrittenPlace): boolean {
    this.block.clear();
    const plain = this.#plain;
    const time = frame.seconds + frame.nanoseconds / 1e9;
    if (!plain.read(frame)) return this.#readOther(frame, input, place, time);
    const { block } = this;
    const { index } = place.point;
    const way = plain.upper === 'arp' ? undefined : this.#ways.ofPlain(index, plain);
    if (this.#asked && !this.#asked.isPlainAsked(frame, way, time)) return false;
    if (way) this.#addWay(way, time, way.resets !== undefined && isReset(plain));
    this.#addSingle(frame, input);
    const kept = this.#keep(frame);
    if (!has(kept, FLAGS)) block.flags = flagsOfPlain(place.mac, place.linkType, plain);
    if (!has(kept, PACKET_ID) && this.#ids.ofPlain(index, plain, time, way?.flow.id ?? -1)) this.#setId();
    return true;
  }

  #readOther(frame: Frame, input: number, place: WrittenPlace, time: number): boolean {
    const { block } = this;
    const { index } = place.point;
    const packet = dissect(frame);
    const points = [index];
    const own = this.#wayOf(index, packet, this.#fragments);
    const ways = own ? [own] : [];
    for (const inner of packet.inner) {
      if (!inner.ip || !isOverlay(inner) || isForAll(inner)) continue;
      const { interfaceName, interfaceIndex } = packet;
      const inside = this.#points.of({ input, interfaceName, interfaceIndex, within: tunnelName(inner) });
      if (inside) points.push(inside.index);
      const way = inside && this.#wayOf(inside.index, inner, undefined);
      if (way) ways.push(way);
    }
    if (this.#asked && !this.#asked.isAsked(packet, points, own)) return false;
    for (const way of ways) this.#addWay(way, time, ((packet.tcp?.flags ?? 0) & RST) !== 0);
    this.#addSingle(frame, input);
    const kept = this.#keep(frame);
    if (!has(kept, FLAGS)) block.flags = flagsOf(place.mac, packet);
    const flow = ways[0]?.flow.id ?? -1;
    if (!has(kept, PACKET_ID) && this.#ids.of(index, packet, frame.bytes, time, flow)) this.#setId();
    return true;
  }

  #wayOf(point: number, packet: Packet, fragments: Fragments | undefined): Way | undefined {
    const { ip } = packet;
    if (!ip || packet.icmp?.quoted) return undefined;
    const ends: { readonly source: FlowEnd; readonly destination: FlowEnd } | undefined =
      fragments && (ip.moreFragments || ip.fragmentOffset > 0)
        ? fragments.endsOf(point, packet)
        : endsOf(packet);
    return ends && this.#ways.of(point, ip.protocol, ends.source, ends.destination);
  }

  #addWay({ fate, rewritten, resets }: Way, time: number, reset: boolean): void {
    if (fate && time >= fate.from && time <= fate.until) this.block.comment(fate.comment);
    const changed = reset && resets !== undefined ? resets : rewritten;
    if (changed !== undefined) this.block.comment(changed);
  }

  #addSingle({ number, told }: Frame, input: number): void {
    const single = this.#single[input]?.get(number);
    if (single) for (const text of single) this.block.comment(this.#comments.of(text));
    if (told) this.block.comment(this.#comments.of(toldText(told)));
  }

  #keep(frame: Frame): readonly PcapngOption[] | undefined {
    const { view, optionsStart = 0, optionsEnd = 0, optionsLittle = true } = frame;
    if (optionsEnd - optionsStart < OPTION_HEADER || !view) return undefined;
    this.block.options = readOptions(view, optionsLittle, optionsStart, optionsEnd, 'packet');
    return this.block.options;
  }

  #setId(): void {
    this.block.idHigh = this.#ids.high;
    this.block.idLow = this.#ids.low;
  }
}

function has(options: readonly PcapngOption[] | undefined, code: number): boolean {
  return options?.some((option) => option.code === code) ?? false;
}

function isReset({ view, upper, transport }: PlainPacket): boolean {
  return upper === 'tcp' && (view.getUint8(transport + TCP_FLAGS) & RST) !== 0;
}
