import { SegmentedControl, Select, Switch, Textarea, TextInput } from '@mantine/core';
import { ENFORCEMENT_MODES } from '@bulkhead/policy';
import type { UseFormReturnType } from '@mantine/form';
import { ENFORCEMENT_NAMES, VISIBILITY_CHOICES, VISIBILITY_NAMES } from '../../format/words.ts';
import { LabelFields } from '../../ui/LabelFields.tsx';
import { Row } from '../../ui/Notices.tsx';
import type { ProfileForm } from './profile-form.ts';

export function ProfileFields({ form }: { readonly form: UseFormReturnType<ProfileForm> }) {
  const { values } = form;
  return (
    <div className="col g20" style={{ maxWidth: 820 }}>
      <section className="fsec">
        <h2>General</h2>
        <Row label="Name">
          <TextInput aria-label="Name" maw={420} {...form.getInputProps('name')} />
        </Row>
        <Row label="Description">
          <Textarea
            aria-label="Description"
            maw={420}
            autosize
            minRows={1}
            {...form.getInputProps('description')}
          />
        </Row>
        <Row label="Status">
          <Switch
            mt={6}
            size="sm"
            label={values.enabled ? 'Enabled' : 'Disabled'}
            aria-label="Enabled"
            checked={values.enabled}
            onChange={(event) => form.setFieldValue('enabled', event.currentTarget.checked)}
          />
        </Row>
        <Row label="Enforcement Node Type">
          <SegmentedControl
            aria-label="Enforcement Node Type"
            value={values.venType}
            onChange={(value) => {
              if (
                value === 'server' ||
                value === 'endpoint' ||
                value === 'specified_during_activation'
              )
                form.setFieldValue('venType', value);
            }}
            data={[
              { value: 'server', label: 'Server VEN' },
              { value: 'endpoint', label: 'Endpoint VEN' },
              { value: 'specified_during_activation', label: 'By the script' },
            ]}
          />
        </Row>
      </section>
      <section className="fsec">
        <h2>What hosts start with</h2>
        <Row label="Labels">
          <LabelFields
            value={values.labels}
            onChange={(labels) => form.setFieldValue('labels', labels)}
          />
        </Row>
        <Row label="Enforcement">
          <Select
            aria-label="Enforcement"
            w={240}
            allowDeselect={false}
            data={ENFORCEMENT_MODES.map((mode) => ({
              value: mode,
              label: ENFORCEMENT_NAMES[mode],
            }))}
            value={values.mode}
            onChange={(value) => {
              const mode = ENFORCEMENT_MODES.find((one) => one === value);
              if (mode !== undefined) form.setFieldValue('mode', mode);
            }}
          />
        </Row>
        <Row label="Visibility">
          <Select
            aria-label="Visibility"
            w={240}
            allowDeselect={false}
            data={VISIBILITY_CHOICES.map((level) => ({
              value: level,
              label: VISIBILITY_NAMES[level],
            }))}
            value={values.visibility === 'flow_full_detail' ? 'flow_summary' : values.visibility}
            onChange={(value) => {
              const level = VISIBILITY_CHOICES.find((one) => one === value);
              if (level !== undefined) form.setFieldValue('visibility', level);
            }}
          />
        </Row>
      </section>
      <section className="fsec">
        <h2>Activation codes</h2>
        <Row label="Uses per code">
          <TextInput
            aria-label="Uses per code"
            w={240}
            placeholder="Unlimited"
            {...form.getInputProps('uses')}
          />
        </Row>
        <Row label="Valid for, hours">
          <TextInput
            aria-label="Valid for, hours"
            w={240}
            placeholder="Unlimited"
            {...form.getInputProps('hours')}
          />
        </Row>
      </section>
    </div>
  );
}
