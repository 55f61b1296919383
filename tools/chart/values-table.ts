import { isMap, isScalar, parseDocument, stringify, type YAMLMap } from 'yaml';

interface Setting {
  readonly path: string;
  readonly byDefault: string;
  readonly text: string;
}

const BEGIN = '<!-- values: written by `npm run chart -- --update` -->';
const END = '<!-- end of values -->';

/** The page with its table of settings as the values file says them. @throws Error when the page has no place for it */
export function withValuesTable(page: string, valuesYaml: string): string {
  const begin = page.indexOf(BEGIN);
  const end = page.indexOf(END);
  if (begin < 0 || end < begin) throw new Error(`the page has no place for the table: ${BEGIN} … ${END}`);
  return `${page.slice(0, begin + BEGIN.length)}\n\n${valuesTable(valuesYaml)}\n${page.slice(end)}`;
}

/** A table of every setting with its default and the comment above it. */
export function valuesTable(valuesYaml: string): string {
  const { contents } = parseDocument(valuesYaml);
  if (!isMap(contents)) throw new Error('the values are no map');
  const rows = settingsOf(contents, '').map(
    ({ path, byDefault, text }) => `| \`${path}\` | ${byDefault === '' ? '' : `\`${byDefault}\``} | ${text} |\n`,
  );
  return `| setting | default | |\n| --- | --- | --- |\n${rows.join('')}`;
}

function settingsOf(map: YAMLMap, above: string): Setting[] {
  return map.items.flatMap(({ key, value }, index): Setting[] => {
    if (!isScalar(key)) throw new Error('a setting has no name');
    const path = `${above}${String(key.value)}`;
    // What stands above the first setting of a map is said to stand above the map.
    const text = commentOf(key.commentBefore ?? (index === 0 ? map.commentBefore : '') ?? '');
    if (isMap(value) && value.items.length > 0 && !value.flow) {
      const inner = settingsOf(value, `${path}.`);
      return text === '' ? inner : [{ path, byDefault: '', text }, ...inner];
    }
    const plain: unknown = isScalar(value) ? value.value : JSON.parse(JSON.stringify(value));
    const byDefault = plain === '' ? "''" : stringify(plain, { collectionStyle: 'flow', lineWidth: 0 }).trim();
    return [{ path, byDefault, text }];
  });
}

/** The words of a comment, without what marks it as one; paragraphs before the last are about more than this setting. */
function commentOf(comment: string): string {
  const paragraph = comment.split(/\n\s*\n/).at(-1) ?? '';
  const text = paragraph.split('\n').map((line) => line.trim().replace(/^-- /, ''));
  return text.join(' ').replaceAll('|', '\\|').trim();
}
