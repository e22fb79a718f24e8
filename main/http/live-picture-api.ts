import type { ProblemResult } from './box-api.ts';

/** Pictures of what is being recorded at this moment. */
export interface LivePictureApi {
  /**
   * The newest one as JPEG; waits a moment when there is none yet. Being asked makes a recording show itself for some seconds. Refusals:
   * NOT_FOUND, NO_LIVE_PICTURE, LIVE_PICTURE_NOT_YET.
   */
  picture(recordingId: string): Promise<{ kind: 'livePicture'; jpeg: Uint8Array } | ProblemResult>;
}
