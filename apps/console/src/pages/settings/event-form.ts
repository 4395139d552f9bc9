/** The form of the event settings, between people and the API. */
import type { Answer, CallOptions } from '@bulkhead/contract';

export type EventSettingsWire = Answer<'event_settings.get'>;
type EventSettingsChanges = NonNullable<CallOptions<'event_settings.update'>['body']>;

export interface EventForm {
  readonly days: string;
  readonly format: EventSettingsWire['format'];
  readonly severity: EventSettingsWire['audit_event_min_severity'];
}

const DAY_SECONDS = 86_400;
const MAX_DAYS = 200;

export function eventForm(settings: EventSettingsWire): EventForm {
  const days = settings.audit_event_retention_seconds / DAY_SECONDS;
  return {
    days: String(Number(days.toFixed(2))),
    format: settings.format,
    severity: settings.audit_event_min_severity,
  };
}

export function daysError({ days }: EventForm): string | undefined {
  const number = Number(days);
  return days.trim() !== '' && number >= 1 && number <= MAX_DAYS
    ? undefined
    : `Events are kept 1 to ${MAX_DAYS} days.`;
}

/** Only what was changed, so that nothing of somebody else is put back. */
export function eventChanges(form: EventForm, initial: EventForm): EventSettingsChanges {
  return {
    ...(form.days.trim() === initial.days
      ? {}
      : { audit_event_retention_seconds: Math.round(Number(form.days) * DAY_SECONDS) }),
    ...(form.format === initial.format ? {} : { format: form.format }),
    ...(form.severity === initial.severity ? {} : { audit_event_min_severity: form.severity }),
  };
}
