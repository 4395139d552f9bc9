/** What the addresses of a set are made of. */
import { selectorKey, type Selector } from './conditions.ts';

export type SetSource =
  | {
      readonly kind: 'selector';
      readonly selector: Selector;
      readonly form: 'addresses' | 'subnets';
    }
  | { readonly kind: 'workloads'; readonly hrefs: readonly string[] }
  | { readonly kind: 'ip_list'; readonly href: string }
  | { readonly kind: 'virtual_service'; readonly href: string };

/** One that is no selector. */
export type SetOrigin = Exclude<SetSource, { readonly kind: 'selector' }>;

/** One text for equal sources. */
export function sourceKey(source: SetSource): string {
  switch (source.kind) {
    case 'selector':
      return `${source.form} ${selectorKey(source.selector)}`;
    case 'workloads':
      return `workloads ${source.hrefs.join('\u0001')}`;
    case 'ip_list':
      return `ip_list ${source.href}`;
    case 'virtual_service':
      return `virtual_service ${source.href}`;
  }
}
