import type { Packet } from '../../packet/packet.ts';
import { summary } from '../../packet/summary.ts';

/** Seconds of a day; and the day an instant lies in, from 1970-01-01. */
const DAY = 86_400;

/** `     7  10:00:02.500123  IP 10.0.0.2 > …`, UTC. */
export function packetText(packet: Packet, shown: string = summary(packet)): string {
  return `${String(packet.number).padStart(8)}  ${clockText(packet.seconds, packet.nanoseconds)}  ${shown}`;
}

export function dayOf(seconds: number): number {
  return Math.floor(seconds / DAY);
}

/** `2026-01-01`; the number of days where the calendar ends. */
export function dayText(day: number): string {
  const date = new Date(day * DAY * 1000);
  return Number.isNaN(date.getTime()) ? `day ${day}` : date.toISOString().slice(0, -14);
}

/** Time of day with microseconds, with nanoseconds where the stamp has them. */
export function clockText(seconds: number, nanoseconds: number): string {
  const time = seconds - dayOf(seconds) * DAY;
  const two = (value: number) => String(Math.floor(value)).padStart(2, '0');
  const places = nanoseconds % 1000 === 0 ? 6 : 9;
  const fraction = String(nanoseconds).padStart(9, '0').slice(0, places);
  return `${two(time / 3600)}:${two((time / 60) % 60)}:${two(time % 60)}.${fraction}`;
}

/** `2026-01-01 10:00:02.500123` */
export function timeText(seconds: number, nanoseconds: number): string {
  return `${dayText(dayOf(seconds))} ${clockText(seconds, nanoseconds)}`;
}
