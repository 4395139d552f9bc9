/** Draws sentences whose parts are links, labels and addresses. */
import type { ReactNode } from 'react';
import { Link } from '@tanstack/react-router';
import { placeOf, type Part, type Sentence } from '../format/words-and-links.ts';
import { LabelChip } from './Chips.tsx';

export function ObjectLink({
  href,
  name,
  children,
}: {
  readonly href: string;
  readonly name: string;
  readonly children?: ReactNode;
}) {
  const place = placeOf({ href, name });
  if (place === null) return <b className="b">{children ?? name}</b>;
  return (
    <Link to={place.to} search={place.search}>
      {children ?? name}
    </Link>
  );
}

function Piece({ part }: { readonly part: Part }) {
  if (typeof part === 'string') return part;
  if (part.kind === 'object') return <ObjectLink href={part.href} name={part.name} />;
  if (part.kind === 'label') return <LabelChip label={part} />;
  return <span className="addr">{part.text}</span>;
}

export function Words({ sentence }: { readonly sentence: Sentence }) {
  return (
    <span className="words">
      {sentence.map((part, index) => (
        <Piece key={index} part={part} />
      ))}
    </span>
  );
}
