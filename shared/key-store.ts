/** Where the key of the box's secrets is wanted. `auto`: in the keychain where a desktop can use one, in a file elsewhere. */
export const KEY_STORE_SETTINGS = ['auto', 'safeStorage', 'file'] as const;
export type KeyStoreSetting = (typeof KEY_STORE_SETTINGS)[number];

/** Why the key lies in a plain file although it is wanted in the keychain. */
export const KEY_IN_FILE_REASONS = ['noDesktop', 'unavailable', 'failed'] as const;
export type KeyInFile = (typeof KEY_IN_FILE_REASONS)[number];
