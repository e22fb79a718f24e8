import type { Static } from 'typebox';
import { FIRST_RUN_STEPS, type FirstRunSchema } from '../shared/api/check-routes.ts';

export type FirstRunFacts = Static<typeof FirstRunSchema>;
export type FirstRunStep = FirstRunFacts['step'];

export const STEPS = FIRST_RUN_STEPS;

export function stepAfter(step: FirstRunStep): FirstRunStep {
  return STEPS[STEPS.indexOf(step) + 1] ?? 'done';
}

export function stepBefore(step: FirstRunStep): FirstRunStep | null {
  return STEPS[STEPS.indexOf(step) - 1] ?? null;
}

/** Whole hours of recording for which there is room above the reserve; null while the disk is away. */
export function hoursOfRoom(
  { freeBytes, reserveBytes }: FirstRunFacts['storage'],
  bytesPerHour: number | undefined,
): number | null {
  if (freeBytes === null || !bytesPerHour) return null;
  return Math.max(0, Math.floor((freeBytes - reserveBytes) / bytesPerHour));
}

/** Less than a working day of recordings is little. */
export const FEW_HOURS = 10;

export interface SampleFacts {
  /** Of this page: `http://127.0.0.1:8787`. */
  origin: string;
  needsToken: boolean;
  place: { Region: string; Bucket: string; Path: string } | null;
}

/** A request for integrators to copy. What only they know stands in capitals. */
export function sampleRequest({ origin, needsToken, place }: SampleFacts): string {
  const body = {
    SdkAppId: 1400000000,
    RoomId: 12345,
    UserId: 'recorder_1',
    UserSig: 'USERSIG_OF_RECORDER_1',
    Mode: '12',
    CosConfig: place ?? { Region: 'ap-shanghai', Bucket: 'BUCKET-1250000000', Path: '/' },
    Callback: 'https://YOUR-SERVER/recorded',
  };
  const json = JSON.stringify(body, null, 2).replaceAll("'", "'\\''");
  return [
    `curl -X POST ${origin}/api/recordings \\`,
    ...(needsToken ? ["  -H 'authorization: Bearer TOKEN' \\"] : []),
    "  -H 'content-type: application/json' \\",
    `  -d '${json}'`,
  ].join('\n');
}
