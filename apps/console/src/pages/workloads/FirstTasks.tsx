/** The guide's four tasks, with their state, where no workload exists yet. */
import type { ReactNode } from 'react';
import { IconCheck } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { useApi } from '../../api/hooks.ts';
import { plural } from '../../format/numbers.ts';

interface Task {
  readonly title: string;
  readonly note: string;
  readonly done: string | null;
  readonly action: ReactNode;
}

export function FirstTasks() {
  const labels = useApi('labels.list', { query: { max_results: 0 } }).data?.total ?? 0;
  const ranges = useApi('corporate_ips.list').data?.items[0]?.ip_addresses.length ?? 0;
  const sets =
    useApi('rule_sets.list', { params: { pversion: 'draft' }, query: { max_results: 0 } }).data
      ?.total ?? 0;
  const tasks: readonly Task[] = [
    {
      title: 'Create labels for endpoints',
      note: 'Application Endpoints, and a Role for each group of laptops',
      done: labels > 0 ? plural(labels, 'label') : null,
      action: (
        <Link className="btn" to="/labels">
          Labels
        </Link>
      ),
    },
    {
      title: 'Add corporate public IPs',
      note: 'Only where endpoints are joined to Azure AD alone, or run macOS',
      done: ranges > 0 ? plural(ranges, 'entry', 'entries') : null,
      action: (
        <Link className="btn" to="/settings/corporate-public-ips">
          Corporate Public IPs
        </Link>
      ),
    },
    {
      title: 'Create or modify a ruleset',
      note: 'What endpoints may reach, with Use Workload Subnets on their side',
      done: sets > 0 ? plural(sets, 'ruleset') : null,
      action: (
        <Link className="btn" to="/rulesets">
          Rulesets
        </Link>
      ),
    },
    {
      title: 'Install and activate VENs in Endpoint mode',
      note: 'Run one pairing script on each host',
      done: null,
      action: (
        <Link className="btn pri" to="/vens/add">
          Add with Pairing Profile
        </Link>
      ),
    },
  ];
  const current = tasks.findIndex((task) => task.done === null);
  return (
    <div className="emp">
      <h2 style={{ fontSize: 18, lineHeight: '26px' }}>No workloads yet</h2>
      <p className="t2" style={{ maxWidth: 470 }}>
        Hosts appear here when their VEN pairs. Nothing is blocked until you raise Enforcement and
        provision.
      </p>
      <ol className="tasks">
        {tasks.map((task, index) => (
          <li key={task.title} className={index === current ? 'task cur' : 'task'}>
            <span
              className={task.done === null ? (index === current ? 'tn cur' : 'tn') : 'tn done'}
            >
              {task.done === null ? index + 1 : <IconCheck size={14} aria-label="Done" />}
            </span>
            <div className="grow">
              <div className="b">{task.title}</div>
              <div className="t3">{task.note}</div>
            </div>
            {task.done === null ? task.action : <span className="allowed-c sm b">{task.done}</span>}
          </li>
        ))}
      </ol>
    </div>
  );
}
