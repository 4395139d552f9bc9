/** Error tokens: public, never renamed. Every error answer is an array of `{token, message, href?}`. */
import { z } from 'zod';

/** HTTP status of each token. Validation and integrity errors are 406 in this API, never 400, 409 or 422. */
export const ERROR_STATUS = {
  authentication_failed: 401,
  password_expired: 401,
  forbidden: 403,
  not_found_error: 404,
  method_not_allowed_error: 405,
  input_validation_error: 406,
  invalid_uri: 406,
  invalid_ip_address: 406,
  label_key_and_value_must_be_unique: 406,
  ip_list_name_not_unique: 406,
  rule_set_name_in_use: 406,
  name_must_be_unique: 406,
  label_still_has_associated_rule_set: 406,
  label_referenced_by_label_group: 406,
  label_still_has_associated_agent_info: 406,
  label_still_has_associated_pairing_profile: 406,
  label_still_has_associated_enforcement_boundary: 406,
  label_still_has_associated_virtual_service: 406,
  label_still_has_associated_firewall_settings: 406,
  label_already_deleted: 406,
  ip_list_referenced: 406,
  service_referenced: 406,
  label_dimension_referenced: 406,
  label_group_referenced: 406,
  virtual_service_referenced: 406,
  security_principal_referenced: 406,
  workload_referenced: 406,
  access_restriction_referenced: 406,
  owner_required: 406,
  password_refused: 406,
  label_still_has_associated_permission: 406,
  label_still_has_associated_policy_test: 406,
  network_type_requires_ip_list_side: 406,
  rule_needs_workload_side: 406,
  custom_iptables_unsupported: 406,
  dependency_required: 406,
  nothing_to_provision: 406,
  policy_test_failed: 406,
  object_changed: 406,
  object_not_editable: 406,
  hard_limit_exceeded: 406,
  duplicate_external_data_reference: 406,
  ven_suspended: 406,
  activation_code_invalid: 406,
  activation_code_expired: 406,
  activation_code_used_up: 406,
  ven_type_refused: 406,
  clone_detected: 406,
  request_too_large: 413,
  too_many_requests_error: 429,
  internal_server_error: 500,
  service_unavailable: 503,
} as const satisfies Record<string, number>;

export type ErrorToken = keyof typeof ERROR_STATUS;

export const apiErrorSchema = z
  .object({
    token: z.string().describe('Stable code of the error, such as input_validation_error'),
    message: z
      .string()
      .describe('What is wrong, where, and what would be right, such as name: must not be empty'),
    href: z
      .string()
      .optional()
      .describe('Object that the error is about, such as /orgs/1/labels/7'),
  })
  .meta({ id: 'ApiError', description: 'What is wrong, where, and what would be right' });
export type ApiError = z.infer<typeof apiErrorSchema>;

export const apiErrorsSchema = z
  .array(apiErrorSchema)
  .meta({ id: 'ApiErrors', description: 'Every error answer' });
