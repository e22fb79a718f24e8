import type { RouteName } from '../../shared/api/client.ts';

/** What does not change by anything that happens to a recording. */
const OF_THE_BOX: ReadonlySet<unknown> = new Set<RouteName>([
  'getVersion',
  'getSession',
  'getSettings',
  'getSelfTest',
  'getCosCredentials',
  'listTokens',
]);

/** Whether an answer of the box is outdated by an event: one of a recording, or with null of the box itself. */
export function isTouched(queryKey: readonly unknown[], recordingId: string | null): boolean {
  const [name, input] = queryKey;
  const about = (input as { params?: { id?: unknown } } | undefined)?.params?.id;
  if (recordingId === null) return about === undefined;
  return about === undefined ? !OF_THE_BOX.has(name) : about === recordingId;
}
