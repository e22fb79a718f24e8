import { attention } from './en/attention.ts';
import { audit, auditWords } from './en/audit.ts';
import { checks } from './en/checks.ts';
import { firstRun } from './en/first-run.ts';
import { now } from './en/now.ts';
import { presets } from './en/presets.ts';
import { detail, library, status } from './en/recordings.ts';
import { settings } from './en/settings.ts';
import { shell } from './en/shell.ts';
import { start } from './en/start.ts';

/** Words of the console in English; every other language has exactly these keys. */
export const en = {
  app: {
    title: 'TRTC Recorder',
    simulated: 'Simulated rooms: nothing here was recorded from a real TRTC room.',
    offline: 'The box does not answer. This page goes on by itself as soon as it is back.',
    skip: 'Skip to the content',
    navigation: 'Pages',
    language: 'Language',
    appearance: 'Appearance',
    appearances: { system: 'As the system', light: 'Light', dark: 'Dark' },
    refusing: 'New recordings are refused at the moment',
  },
  shell,
  start,
  presets,
  library,
  status,
  detail,
  audit,
  auditWords,
  nav: {
    now: 'Now',
    recordings: 'Recordings',
    start: 'Start',
    attention: 'Attention',
    settings: 'Settings',
  },
  common: {
    cancel: 'Cancel',
    close: 'Close',
    copy: 'Copy',
    copied: 'Copied',
    retry: 'Try again',
    loading: 'Loading …',
    none: 'None',
    more: 'Show more',
    error: 'That did not work',
    yes: 'yes',
    no: 'no',
  },
  now,
  recordings: {
    title: 'Recordings',
  },
  recording: {
    nextTry: 'next try {{when}}',
  },
  attention,
  checks,
  firstRun,
  callback: { pending: 'On its way', delivered: 'Taken', parked: 'Given up' },
  state: {
    accepted: 'Accepted',
    joining: 'Entering the room',
    waiting: 'Waiting for somebody',
    recording: 'Recording',
    finalizing: 'Finishing the file',
    uploading: 'Uploading',
    notifying: 'Telling the caller',
    done: 'Done',
    failed: 'Failed',
  },
  end: {
    dissolved: 'The room was dissolved',
    kicked: 'The recorder was removed from the room',
    idle: 'Nobody was there any more',
    maxLength: 'The maximum length was reached',
    stopped: 'Stopped on request',
    disk: 'The disk reserve was reached',
    shutdown: 'The box was shut down',
    error: 'An error ended it',
  },
  mode: {
    '10': 'Sound of everybody (MP3)',
    '11': 'Pictures of everybody (MP4)',
    '12': 'Sound and pictures of everybody (MP4)',
    '00': 'Sound per user (MP3)',
    '01': 'Pictures per user (MP4)',
    '02': 'Sound and pictures per user (MP4)',
  },
  settings,
} as const;
