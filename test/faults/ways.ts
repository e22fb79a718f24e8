import { createApiClient } from '../../shared/api/client.ts';
import { type Accepted, patiently, type Site } from './site.ts';

/** By which ways recordings went: a run in which nobody went the way that it is to prove has proven nothing. */
export interface Ways {
  /** Sent while they were recorded. */
  begunEarly: number;
  /** Of these, whose file is made of parts that COS had before the end. */
  usedEarlyParts: number;
  /** Why others had to be sent from their beginning, and how many. */
  dropped: Record<string, number>;
  /** Got a lighter encoder on their way. */
  relieved: number;
}

/** Read from the history of the recordings. */
export async function waysOf(site: Site, accepted: readonly Accepted[]): Promise<Ways> {
  const ways: Ways = { begunEarly: 0, usedEarlyParts: 0, dropped: {}, relieved: 0 };
  const api = createApiClient({ baseUrl: site.rig.box.url });
  for (const { id } of accepted) {
    const { events } = await patiently(() => api.call('getRecordingEvents', { params: { id } }));
    const of = (wanted: string) => events.filter(({ type }) => type === wanted);
    if (of('liveUpload').length > 0) ways.begunEarly += 1;
    if (of('finalized').some(({ data }) => Number(data.sentBytes ?? 0) > 0)) ways.usedEarlyParts += 1;
    if (of('encoderRelieved').length > 0) ways.relieved += 1;
    for (const { data } of of('liveUploadDropped')) {
      const why = String(data.why);
      ways.dropped[why] = (ways.dropped[why] ?? 0) + 1;
    }
  }
  return ways;
}
