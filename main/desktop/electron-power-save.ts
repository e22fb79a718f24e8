import { powerSaveBlocker } from 'electron';

/** Keeps the machine awake while anything records; the screen may sleep. */
export interface PowerSave {
  readonly isOn: boolean;
  set(isOn: boolean): void;
}

export function createPowerSave(): PowerSave {
  let id: number | null = null;
  return {
    get isOn() {
      return id !== null;
    },
    set(isOn) {
      if (isOn) id ??= powerSaveBlocker.start('prevent-app-suspension');
      else if (id !== null) {
        powerSaveBlocker.stop(id);
        id = null;
      }
    },
  };
}
