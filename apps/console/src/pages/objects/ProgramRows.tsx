/** Programs and Windows services of a service, a row for each. */
import { TextInput } from '@mantine/core';
import { IconPlus, IconTrash } from '@tabler/icons-react';
import { EMPTY_PROGRAM, type ProgramRow } from '../../format/windows-services.ts';
import { Btn } from '../../ui/Bits.tsx';

const PARTS = [
  { part: 'process', name: 'Program', hint: String.raw`C:\Shop\shop.exe` },
  { part: 'service', name: 'Windows service', hint: 'Spooler' },
  { part: 'port', name: 'Port', hint: 'tcp/443' },
] as const;

export function ProgramRows({
  value,
  error,
  disabled,
  onChange,
}: {
  readonly value: readonly ProgramRow[];
  readonly error: string | undefined;
  readonly disabled: boolean;
  readonly onChange: (rows: readonly ProgramRow[]) => void;
}) {
  return (
    <fieldset className="col g8 plain" disabled={disabled} aria-label="Windows programs">
      <p className="hint">
        What answers on a Windows provider: a program by its path, a Windows service by its short
        name, or both. On other systems these match nothing.
      </p>
      {value.map((row, index) => (
        <div key={`${index} of ${value.length}`} className="progrow">
          {PARTS.map(({ part, name, hint }) => (
            <TextInput
              key={part}
              aria-label={`${name} ${index + 1}`}
              placeholder={index === 0 ? hint : ''}
              {...(index === 0 ? { label: name } : {})}
              classNames={{ input: 'mono' }}
              value={row[part]}
              onChange={(event) => {
                const next = { ...row, [part]: event.currentTarget.value };
                onChange(value.map((one, at) => (at === index ? next : one)));
              }}
            />
          ))}
          <button
            type="button"
            className="icb"
            aria-label={`Remove line ${index + 1}`}
            disabled={value.length === 1}
            onClick={() => onChange(value.filter((_, at) => at !== index))}
          >
            <IconTrash size={16} stroke={1.5} aria-hidden />
          </button>
        </div>
      ))}
      {error === undefined ? null : (
        <p className="errt" role="alert">
          {error}
        </p>
      )}
      <div>
        <Btn small onClick={() => onChange([...value, EMPTY_PROGRAM])}>
          <IconPlus size={14} aria-hidden />
          Add a line
        </Btn>
      </div>
    </fieldset>
  );
}
