import type { ErrorObject } from 'ajv';

/** One reason why a scenario cannot be played, worded for the person who wrote the file. */
export interface ScenarioProblem {
  /** JSON pointer to the value. */
  path: string;
  /** What the value has to satisfy. */
  rule: string;
  /** What to write instead. */
  remedy: string;
}

/** Shorthand for one problem. */
export function problem(at: string, rule: string, remedy: string): ScenarioProblem {
  return { path: at, rule, remedy };
}

/** All problems in one text, for a log line or an error message. */
export function describeProblems(problems: readonly ScenarioProblem[]): string {
  return problems.map((one) => `${one.path || '/'} ${one.rule}; ${one.remedy}`).join('. ');
}

/** What the JSON schema found, in our words. */
export function schemaProblems(errors: readonly ErrorObject[]): ScenarioProblem[] {
  // A bad property name is reported twice: by the name's own rule and by the keyword around it.
  return errors.filter((error) => error.keyword !== 'propertyNames').map(schemaProblem);
}

function schemaProblem(error: ErrorObject): ScenarioProblem {
  const at = error.instancePath;
  const params = error.params as Record<string, unknown>;
  switch (error.keyword) {
    case 'additionalProperties':
      return problem(
        `${at}/${pointer(String(params.additionalProperty))}`,
        'is not a known key',
        'correct the spelling or remove the key (docs/scenario.md lists all keys)',
      );
    case 'required':
      return problem(`${at}/${pointer(String(params.missingProperty))}`, 'must be given', 'add the key');
    case 'enum':
      return problem(at, 'must be one of the known values', `write one of ${JSON.stringify(params.allowedValues)}`);
    case 'type':
      return problem(at, `must be ${String(params.type)}`, 'change the type of the value');
    case 'minProperties':
      return problem(at, 'must contain more keys', 'say what it is about, or remove it');
    case 'pattern':
      if (error.propertyName !== undefined) {
        return problem(
          `${at}/${pointer(error.propertyName)}`,
          'must be an integer room such as "43474", or "str:" and a text room',
          'rename the room',
        );
      }
      return problem(
        at,
        PATTERN_RULES[String(params.pattern)] ?? `must match ${String(params.pattern)}`,
        'correct the value',
      );
    default:
      return problem(at, error.message ?? `breaks ${error.keyword}`, 'correct the value');
  }
}

const PATTERN_RULES: Record<string, string> = {
  '^[0-9]{2,4}x[0-9]{2,4}$': 'must be WIDTHxHEIGHT, for example "640x360"',
  '^[A-Za-z0-9_-]{1,32}$': 'must be 1 to 32 letters, digits, "_" or "-"',
};

/** A key as part of a JSON pointer. */
export function pointer(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1');
}
