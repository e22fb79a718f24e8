/** A recording keeps the folder it was begun in when another one is chosen for new ones; null is the one that new ones go to. */
export const RECORDING_FOLDERS = `
ALTER TABLE recordings ADD COLUMN base_directory TEXT;
`;
