/** Common Event Format, version 0. */
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

export function cefLine(record: LogRecord): string {
  const header = [
    'CEF:0',
    VENDOR,
    PRODUCT,
    PRODUCT_VERSION.version,
    record.id,
    record.name,
    SEVERITY[record.severity],
  ]
    .map((part, index) => (index === 0 ? part : headerText(String(part))))
    .join('|');
  const extension = [`rt=${record.at.getTime()}`, ...pairs(record, 'cef', extensionText)];
  return `${header}|${extension.join(' ')}`;
}

/** A header ends at a bar; it has no line breaks. */
function headerText(text: string): string {
  return withoutControls(text.replace(/[\r\n]+/g, ' ')).replace(/[\\|]/g, '\\$&');
}

/** A value ends at the next key with its equals sign; line breaks are written as \n and \r. */
function extensionText(text: string): string {
  const escaped = text.replace(/[\\=]/g, '\\$&').replaceAll('\n', '\\n').replaceAll('\r', '\\r');
  return withoutControls(escaped);
}
