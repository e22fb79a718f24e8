import type { Text } from '../../shared/texts/language.ts';

/** Why a step of the self-test did not pass, in words for whoever looks after the box. */
export class SelfTestFailure extends Error {
  readonly text: Text;

  constructor(text: Text, options?: ErrorOptions) {
    super(text.en, options);
    this.name = 'SelfTestFailure';
    this.text = text;
  }
}
