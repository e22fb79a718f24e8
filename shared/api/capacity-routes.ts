import { Type } from 'typebox';
import type { Route } from './route.ts';
import { OrNull, Text, Time, Whole, Words } from './views.ts';

/** How many recordings of each kind: mixed with pictures, one file per user, mixed sound alone. */
export const RoomSchema = Type.Object({ mixed: Whole(), singles: Whole(), sound: Whole() });

/** `measured`: what the machine was measured to carry; `assumed`: a slow machine, until it is measured; `set`: `limits.maxRecordings`. */
export const CAPACITY_BASES = ['measured', 'assumed', 'set'] as const;
/** `due`: it will be measured at the next quiet moment. */
export const CAPACITY_STATES = ['idle', 'due', 'measuring'] as const;

const Resources = Type.Object({ cores: Type.Number(), memoryBytes: Whole() });

export const CapacitySchema = Type.Object({
  basis: Words(CAPACITY_BASES),
  state: Words(CAPACITY_STATES),
  measuredAt: OrNull(Time()),
  measuredWith: OrNull(
    Type.Object({ ffmpeg: Text(), encoder: Text(), width: Whole(), height: Whole(), fps: Whole() }),
    'Null until it was measured.',
  ),
  problem: OrNull(Text(), 'Why the last measurement failed.'),
  settings: Type.Object({ width: Whole(), height: Whole(), fps: Whole(), preset: Text() }),
  machine: Type.Object({ cpu: Text(), cores: Whole(), memoryBytes: Whole() }),
  holds: RoomSchema,
  room: RoomSchema,
  costs: Type.Object(
    { mixed: Type.Number(), singles: Type.Number(), sound: Type.Number() },
    { description: 'Processor cores that one recording of each kind takes by the present settings.' },
  ),
  load: Resources,
  limit: Resources,
  relieved: Whole('Recordings that are encoded more lightly than set, because the machine does not keep up.'),
});

/** What the box can hold. */
export const CAPACITY_ROUTES = {
  getCapacity: {
    method: 'GET',
    path: '/api/capacity',
    role: 'record',
    group: 'Box',
    summary: { en: 'How many recordings the box can hold', zh: '本机可同时进行的录制数' },
    replies: { 200: { description: 'Measured, or what is assumed until then', schema: CapacitySchema } },
  },
  measureCapacity: {
    method: 'POST',
    path: '/api/capacity/measure',
    role: 'operate',
    group: 'Box',
    summary: { en: 'Measure the machine again', zh: '重新测量本机' },
    replies: { 202: { description: 'Measuring; follow it by GET /api/capacity', schema: CapacitySchema } },
  },
} as const satisfies Record<string, Route>;
