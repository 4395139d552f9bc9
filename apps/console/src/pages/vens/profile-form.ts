/** The form of a pairing profile, between people and the API. */
import type { PairingProfileWire } from '@bulkhead/contract';
import type { EnforcementMode, VisibilityLevel } from '@bulkhead/policy';
import { chosenRefs, labelChoice, type LabelChoice } from '../../ui/LabelFields.tsx';

export interface ProfileForm {
  readonly name: string;
  readonly description: string;
  readonly enabled: boolean;
  readonly venType: PairingProfileWire['ven_type'];
  readonly mode: EnforcementMode;
  readonly visibility: VisibilityLevel;
  /** Empty: unlimited. */
  readonly uses: string;
  /** Hours, empty: unlimited. */
  readonly hours: string;
  readonly labels: LabelChoice;
}

export const NEW_PROFILE: ProfileForm = {
  name: '',
  description: '',
  enabled: true,
  venType: 'endpoint',
  mode: 'visibility_only',
  visibility: 'flow_summary',
  uses: '',
  hours: '',
  labels: {},
};

export function profileToForm(profile: PairingProfileWire): ProfileForm {
  return {
    name: profile.name ?? '',
    description: profile.description ?? '',
    enabled: profile.enabled,
    venType: profile.ven_type,
    mode: profile.enforcement_mode,
    visibility: profile.visibility_level,
    uses: profile.allowed_uses_per_key === 'unlimited' ? '' : String(profile.allowed_uses_per_key),
    hours:
      profile.key_lifespan === 'unlimited'
        ? ''
        : String(Math.round((profile.key_lifespan / 3600) * 100) / 100),
    labels: labelChoice(profile.labels),
  };
}

export function formToBody(form: ProfileForm) {
  return {
    name: form.name.trim(),
    description: form.description.trim() === '' ? null : form.description,
    enabled: form.enabled,
    ven_type: form.venType,
    enforcement_mode: form.mode,
    visibility_level: form.visibility,
    allowed_uses_per_key: form.uses.trim() === '' ? ('unlimited' as const) : Number(form.uses),
    key_lifespan:
      form.hours.trim() === '' ? ('unlimited' as const) : Math.round(Number(form.hours) * 3600),
    labels: chosenRefs(form.labels),
  };
}

export function checkUses(text: string): string | null {
  return text.trim() === '' || /^[1-9]\d{0,6}$/.test(text.trim())
    ? null
    : 'Write a whole number of 1 or more, or leave it empty for unlimited.';
}
export function checkHours(text: string): string | null {
  const hours = Number(text);
  return text.trim() === '' || (Number.isFinite(hours) && hours * 3600 >= 60)
    ? null
    : 'Write hours, at least 0.02 (one minute), or leave it empty for unlimited.';
}
