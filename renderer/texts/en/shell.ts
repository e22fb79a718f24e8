/** Words around every page. */
export const shell = {
  display: 'Language and look',
  signOut: 'Sign out',
  plainPage: 'Plain page without scripts',
  apiPage: 'API documentation',
  version: 'Version {{version}}',
  needsYou_one: '{{count}} needs you',
  needsYou_other: '{{count}} need you',
  crashTitle: 'This page could not be shown',
  crashText:
    'The recordings are not touched by this. Load the page again; if it happens once more, the box may have been updated meanwhile.',
  reload: 'Load again',
} as const;
