import type { RequestEntry } from '../../main/selftest/cos-server/index.ts';

/** What the local server needed to put the parts of one object together, in ms: COS does that on machines of its own. */
export function mergingOf(requests: readonly RequestEntry[]): number {
  const asked = requests.find(({ operation }) => operation === 'completeMultipart');
  const answered = requests.findLast(({ operation }) => operation === 'headObject');
  return asked && answered ? answered.atMs - asked.atMs : 0;
}
