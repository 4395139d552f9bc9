/** Log Event Extended Format 2.0, attributes separated by tabs. */
import { PRODUCT_VERSION } from '../../resources/node/product-version.ts';
import {
  pairs,
  PRODUCT,
  VENDOR,
  withoutControls,
  type LogRecord,
  type Severity,
} from './record.ts';

const SEVERITY: Record<Severity, number> = { info: 1, warning: 5, err: 8 };
const TAB = 'x09';

export function leefLine(record: LogRecord): string {
  const header = ['LEEF:2.0', VENDOR, PRODUCT, PRODUCT_VERSION.version, record.id, TAB]
    .map((part, index) => (index === 0 ? part : headerText(part)))
    .join('|');
  const attributes = [
    `devTime=${record.at.toISOString()}`,
    "devTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSX",
    `sev=${SEVERITY[record.severity]}`,
    ...pairs(record, 'leef', attributeText),
  ];
  return `${header}|${attributes.join('\t')}`;
}

function headerText(text: string): string {
  return withoutControls(text.replace(/[\r\n]+/g, ' ')).replace(/[\\|]/g, '\\$&');
}

/** LEEF has no way to write its separator inside of a value: tabs, line breaks and backslashes are written as C does. */
function attributeText(text: string): string {
  const escaped = text
    .replace(/[\\=]/g, '\\$&')
    .replaceAll('\t', '\\t')
    .replaceAll('\n', '\\n')
    .replaceAll('\r', '\\r');
  return withoutControls(escaped);
}
