import { ERRORS } from '../../shared/errors.ts';
import { LANGUAGE_TAG, type Language } from '../../shared/texts/language.ts';
import { remedyIn } from '../../shared/texts/remedies.ts';
import { text } from '../../shared/texts/texts.ts';
import type { RecordingView } from '../../shared/view.ts';
import { pagePolicy } from './access/security-headers.ts';
import type { HealthView } from './box-api.ts';
import { type Html, html } from './html.ts';
import { fileLinksOf } from './links.ts';

/** The page without scripts: what the box is doing, for a browser on the same machine. */

const REFRESH_SECONDS = 2;

const STYLE = `
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif; }
body { margin: 0 auto; max-width: 75rem; padding: 1rem; }
h1 { font-size: 1.4rem; }
table { border-collapse: collapse; width: 100%; }
caption { text-align: start; font-weight: 600; padding: .5rem 0; }
th, td { text-align: start; vertical-align: top; padding: .4rem .6rem; border-bottom: 1px solid #8886; overflow-wrap: anywhere; }
td.number { font-variant-numeric: tabular-nums; white-space: nowrap; }
.banner { padding: .6rem 1rem; border-inline-start: .4rem solid; margin: 1rem 0; }
.simulated { border-color: #b45309; background: #f59e0b33; font-weight: 600; }
.refusing { border-color: #b91c1c; background: #ef444422; }
small { display: block; }
`;

/** Nothing may be loaded or run except the one style sheet above. */
export const PAGE_POLICY = pagePolicy(STYLE, "'self'");

/** Hours, minutes and seconds: `1:02:03`. */
export function formatLength(durationMs: number): string {
  const seconds = Math.max(0, Math.floor(durationMs / 1000));
  const two = (value: number) => String(value).padStart(2, '0');
  return `${Math.floor(seconds / 3600)}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
}

/** Bytes in decimal units with at most one digit after the point: `12.3 MB`. */
export function formatSize(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = Math.max(0, bytes);
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : Math.round(value * 10) / 10} ${units[unit]}`;
}

function roomCell({ request }: RecordingView, language: Language): Html {
  return request.RoomId !== null
    ? html`${request.RoomId}`
    : html`${request.StrRoomId ?? ''}<small>${text(language, 'room.string')}</small>`;
}

function stateCell(recording: RecordingView, language: Language): Html {
  const total = sum(recording, (file) => file.bytes);
  const progress =
    recording.state === 'uploading' && total > 0
      ? text(language, 'upload.progress', {
          done: formatSize(sum(recording, (file) => file.uploadedBytes)),
          total: formatSize(total),
        })
      : null;
  const notes = [
    recording.endReason === null ? null : text(language, `end.${recording.endReason}`),
    progress,
    recording.failure === null ? null : `${recording.failure.code}: ${recording.failure.message}`,
    recording.blocked === null
      ? null
      : `${recording.blocked.code}: ${recording.blocked.message} ${remedyIn(language, recording.blocked.remedy)}`,
    recording.waiting === null
      ? null
      : `${recording.waiting.code}: ${recording.waiting.message} ${remedyIn(language, recording.waiting.remedy)}`,
    ...recording.warnings.map(({ message }) => message[language]),
    parkedNote(recording, language),
  ].filter((note) => note !== null);
  return html`<strong>${text(language, `state.${recording.state}`)}</strong>${notes.map((note) => html`<small>${note}</small>`)}`;
}

/** The result or an event was given up: somebody has to look after the receiver. */
function parkedNote({ id, callbacks }: RecordingView, language: Language): string | null {
  const parked = callbacks.findLast(({ state }) => state === 'parked');
  if (parked === undefined) {
    return null;
  }
  const address = `/api/recordings/${encodeURIComponent(id)}/callback`;
  return text(language, 'callback.parked', { error: parked.lastError ?? '', address });
}

function nextCell(recording: RecordingView, nowMs: number, language: Language): string {
  if (recording.blocked !== null) {
    return text(language, 'next.blocked');
  }
  if (recording.nextAttemptAt === null) {
    return text(language, 'unit.none');
  }
  const seconds = Math.ceil((Date.parse(recording.nextAttemptAt) - nowMs) / 1000);
  const attempt = recording.attempts + 1;
  return seconds > 0 ? text(language, 'next.inSeconds', { seconds, attempt }) : text(language, 'next.now', { attempt });
}

/** To play and to save what is on the box; of several files each says whose it is. */
function fileLinks(recording: RecordingView, language: Language): Html[] {
  return recording.files.flatMap(({ userId, stream }, index) => {
    const { file, download } = fileLinksOf(recording, index);
    if (file === undefined || download === undefined) return [];
    const whose = recording.files.length > 1 ? ` ${userId} ${stream}` : '';
    return [
      html`<small><a href="${file}">${text(language, 'link.play')}${whose}</a> <a href="${download}">${text(language, 'link.save')}${whose}</a></small>`,
    ];
  });
}

function sum(recording: RecordingView, part: (file: RecordingView['files'][number]) => number): number {
  return recording.files.reduce((total, file) => total + part(file), 0);
}

function row(recording: RecordingView, nowMs: number, language: Language): Html {
  const { request } = recording;
  const bytes = sum(recording, (file) => file.bytes);
  return html`<tr>
<td>${roomCell(recording, language)}<small>${request.SdkAppId}</small></td>
<td>${request.UserId}</td>
<td>${text(language, `mode.${request.Mode}`)}</td>
<td>${stateCell(recording, language)}</td>
<td class="number">${formatLength(recording.durationMs)}</td>
<td class="number">${bytes > 0 ? formatSize(bytes) : text(language, 'unit.none')}</td>
<td>${nextCell(recording, nowMs, language)}</td>
<td><a href="/api/recordings/${encodeURIComponent(recording.id)}">${text(language, 'link.json')}</a>${fileLinks(recording, language)}</td>
</tr>
`;
}

function table(recordings: readonly RecordingView[], nowMs: number, language: Language): Html {
  if (recordings.length === 0) {
    return html`<p>${text(language, 'page.none')}</p>`;
  }
  const columns = ['room', 'user', 'mode', 'state', 'length', 'size', 'next', 'details'] as const;
  return html`<table>
<caption>${text(language, 'page.recordings')}</caption>
<thead><tr>${columns.map((column) => html`<th scope="col">${text(language, `column.${column}`)}</th>`)}</tr></thead>
<tbody>
${recordings.map((recording) => row(recording, nowMs, language))}</tbody>
</table>`;
}

export interface PageContent {
  health: HealthView;
  /** Newest first. */
  recordings: readonly RecordingView[];
  /** True when there are older recordings than these. */
  hasOlder: boolean;
  language: Language;
  /** Milliseconds since 1970, for "next try in …". */
  nowMs: number;
  /** True where people sign in. */
  canSignOut?: boolean;
}

/** The whole page as a document. It asks for itself again every two seconds. */
export function renderPage({ health, recordings, hasOlder, language, nowMs, canSignOut }: PageContent): string {
  const simulated = health.simulated || recordings.some((recording) => recording.simulated);
  const load = text(language, 'page.load', {
    capturing: health.recordings.capturing,
    capacity: health.recordings.capacity,
    delivering: health.recordings.delivering,
    free: health.disk.freeBytes === null ? '–' : formatSize(health.disk.freeBytes),
  });
  const refusal = html`<div class="banner refusing" role="status"><strong>${text(language, 'page.notAccepting')}</strong>${health.problems.map(
    (code) => html`<small>${code}: ${ERRORS[code].message[language]} ${ERRORS[code].remedy[language]}</small>`,
  )}</div>`;
  // Written by hand and not by the tag: the hash in the policy covers every byte between the style tags.
  const style: Html = { html: `<style>${STYLE}</style>` };
  return html`<!doctype html>
<html lang="${LANGUAGE_TAG[language]}">
<head>
<meta charset="utf-8">
<meta http-equiv="refresh" content="${REFRESH_SECONDS}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${text(language, 'page.title')}</title>
${style}
</head>
<body>
<h1>${text(language, 'page.title')}</h1>
${simulated ? html`<div class="banner simulated" role="status">${text(language, 'page.simulated')}</div>` : null}
${health.accepting ? null : refusal}
<p>${load}</p>
${table(recordings, nowMs, language)}
${hasOlder ? html`<p>${text(language, 'page.older', { count: recordings.length })}</p>` : null}
${canSignOut ? html`<form method="post" action="/logout"><button>${text(language, 'login.leave')}</button></form>` : null}
</body>
</html>
`.html;
}
