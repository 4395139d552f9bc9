/** The policy loader over the database. */
import { sql } from 'kysely';
import type { PolicyChange, PolicyModel } from '@bulkhead/policy';
import { parseHref } from '@bulkhead/contract';
import type { ChangeRow } from '../db/change-log.ts';
import type { Db } from '../db/database.ts';
import { labelFromRow, loadPolicyModel, workloadFromRow } from '../provisioning/policy-model.ts';
import type { PolicyLoader, PolicyState } from './policy-loader.ts';
