import type { TObject, TSchema } from 'typebox';
import type { Route } from '../../shared/api/route.ts';
import { DESCRIBED_ROUTES } from '../../shared/api/routes.ts';
import { type CatalogueEntry, ERRORS } from '../../shared/errors.ts';
import type { TextKey } from '../../shared/texts/en.ts';
import { LANGUAGE_TAG, type Language } from '../../shared/texts/language.ts';
import { text } from '../../shared/texts/texts.ts';
import { pagePolicy } from './access/security-headers.ts';
import { type Html, html } from './html.ts';

/** The description of the API for people: the table of routes as a page without scripts. */

const STYLE = `
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif; }
body { margin: 0 auto; max-width: 75rem; padding: 1rem; }
h1 { font-size: 1.5rem; }
h2 { font-size: 1.25rem; margin-block: 2rem .5rem; }
h3 { font-size: 1rem; margin-block: 0; }
article { border-block-start: 1px solid #8886; padding-block: 1rem; }
nav ul { display: flex; flex-wrap: wrap; gap: .5rem 1rem; list-style: none; padding: 0; }
code { font-family: ui-monospace, monospace; overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; margin-block: .5rem; }
caption { text-align: start; font-weight: 600; padding-block: .4rem; }
th, td { text-align: start; vertical-align: top; padding: .3rem .6rem; border-block-end: 1px solid #8886; overflow-wrap: anywhere; }
.role { margin-block: .2rem; font-size: .9rem; }
`;

/** Nothing may be loaded or run except the one style sheet above. */
export const API_PAGE_POLICY = pagePolicy(STYLE, "'none'");

interface Described {
  type?: string;
  enum?: readonly unknown[];
  anyOf?: readonly Described[];
  items?: Described;
  minimum?: number;
  maximum?: number;
  default?: unknown;
  description?: string;
  properties?: Record<string, Described>;
  required?: readonly string[];
}

/** What values a schema allows, in a few words: `integer 1…500`, `"a" | "b"`, `list of object`. */
function typeOf(schema: Described): string {
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(' | ');
  if (schema.anyOf) return schema.anyOf.map(typeOf).join(' | ');
  if (schema.type === 'array') return `list of ${typeOf(schema.items ?? {})}`;
  const { minimum, maximum } = schema;
  const range = minimum === undefined && maximum === undefined ? '' : ` ${minimum ?? ''}…${maximum ?? ''}`;
  return `${schema.type ?? 'any'}${range}`;
}

/** Fields of a schema with those of its objects below them, as paths. */
function fieldsOf(schema: Described, prefix = ''): { path: string; field: Described; isRequired: boolean }[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => [
    { path: prefix + name, field, isRequired: schema.required?.includes(name) ?? false },
    ...fieldsOf(field, `${prefix}${name}.`),
  ]);
}

function fieldTable(key: TextKey, schema: TObject | TSchema | undefined, language: Language): Html | null {
  const fields = fieldsOf((schema ?? {}) as Described);
  if (fields.length === 0) return null;
  const row = ({ path, field, isRequired }: (typeof fields)[number]) => html`<tr>
<th scope="row"><code>${path}</code></th>
<td>${typeOf(field)}${field.default === undefined ? null : html` (${JSON.stringify(field.default)})`}</td>
<td>${text(language, isRequired ? 'api.yes' : 'api.no')}</td>
<td>${field.description ?? ''}</td>
</tr>
`;
  return table(key, ['api.field', 'api.type', 'api.required', 'api.meaning'], fields.map(row), language);
}

function replyTable({ replies }: Route, language: Language): Html {
  const row = ([status, { description, schema, type }]: [string, Route['replies'][number]]) => html`<tr>
<th scope="row">${status}</th>
<td>${type ?? (schema ? 'application/json' : text(language, 'unit.none'))}</td>
<td>${description}</td>
</tr>
`;
  return table('api.replies', ['api.status', 'api.type', 'api.meaning'], Object.entries(replies).map(row), language);
}

function table(caption: TextKey, columns: readonly TextKey[], rows: readonly Html[], language: Language): Html {
  return html`<table>
<caption>${text(language, caption)}</caption>
<thead><tr>${columns.map((column) => html`<th scope="col">${text(language, column)}</th>`)}</tr></thead>
<tbody>
${rows}</tbody>
</table>
`;
}

function article(name: string, route: Route, language: Language): Html {
  const role = route.role === null ? text(language, 'api.open') : text(language, 'api.role', { role: route.role });
  const tables = [
    fieldTable('api.params', route.params, language),
    fieldTable('api.query', route.query, language),
    fieldTable('api.headers', route.headers, language),
    fieldTable('api.body', route.body, language),
    replyTable(route, language),
  ];
  return html`<article id="${name}" aria-labelledby="${name}-title">
<h3 id="${name}-title"><code>${route.method} ${route.path}</code> ${route.summary[language]}</h3>
<p class="role">${role}</p>
${tables.filter((one) => one !== null)}</article>
`;
}

function errorTable(language: Language): Html {
  const row = ([code, { status, message, remedy }]: [string, CatalogueEntry]) => html`<tr>
<th scope="row"><code>${code}</code></th>
<td>${status}</td>
<td>${message[language]}</td>
<td>${remedy[language]}</td>
</tr>
`;
  return table(
    'api.errors',
    ['api.code', 'api.status', 'api.meaning', 'api.remedy'],
    Object.entries<CatalogueEntry>(ERRORS).map(row),
    language,
  );
}

/** The whole page as a document. */
export function renderApiPage(language: Language): string {
  const routes = Object.entries<Route>(DESCRIBED_ROUTES);
  const groups = [...new Set(routes.map(([, { group }]) => group))];
  // Written by hand and not by the tag: the hash in the policy covers every byte between the style tags.
  const style: Html = { html: `<style>${STYLE}</style>` };
  const sections = groups.map(
    (group) => html`<section aria-labelledby="group-${group}">
<h2 id="group-${group}">${text(language, `api.group.${group}`)}</h2>
${routes.filter(([, route]) => route.group === group).map(([name, route]) => article(name, route, language))}</section>
`,
  );
  return html`<!doctype html>
<html lang="${LANGUAGE_TAG[language]}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${text(language, 'api.title')}</title>
${style}
</head>
<body>
<a href="#main">${text(language, 'api.skip')}</a>
<header>
<h1>${text(language, 'api.title')}</h1>
<p>${text(language, 'api.intro')} <a href="/openapi.json">openapi.json</a></p>
</header>
<nav aria-label="${text(language, 'api.contents')}"><ul>
${groups.map((group) => html`<li><a href="#group-${group}">${text(language, `api.group.${group}`)}</a></li>`)}
<li><a href="#errors">${text(language, 'api.errors')}</a></li>
</ul></nav>
<main id="main">
${sections}<section aria-labelledby="errors">
<h2 id="errors">${text(language, 'api.errors')}</h2>
<p>${text(language, 'api.errors.intro')}</p>
${errorTable(language)}</section>
</main>
</body>
</html>
`.html;
}
