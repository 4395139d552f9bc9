import { expect, test } from 'vitest';
import { first, idOf, makeLabel, refOf, refusalOf } from '../../testing/policy-client.ts';
import { withTestPce } from '../../testing/test-pce.ts';

const pce = withTestPce();

test('a container cluster is a record with a token that is shown once, and a profile', async () => {
  const client = pce().client();
  const created = await client.call('container_clusters.create', {
    body: { name: 'k8s one', description: 'in the lab' },
  });
  expect(created).toMatchObject({ name: 'k8s one', online: false, nodes: [], errors: [] });
  expect(created.container_cluster_token).toMatch(/.{32}/);
  const params = { id: idOf(created) };
  const { container_cluster_token: _token, ...shown } = created;
  expect(await client.call('container_clusters.get', { params })).toEqual(shown);
  await client.call('container_clusters.update', { params, body: { name: 'k8s two' } });
  const { items } = await client.call('container_clusters.list', { query: { name: 'K8S' } });
  expect(items).toMatchObject([{ name: 'k8s two', description: 'in the lab' }]);
  const profiles = await client.call('container_workload_profiles.list', { params });
  expect(profiles.items).toMatchObject([{ name: 'Default Profile', linked: false, labels: [] }]);
  const own = { ...params, profile_id: idOf(first(profiles.items)) };
  const stays = client.call('container_workload_profiles.delete', { params: own });
  expect((await refusalOf(stays)).has('object_not_editable')).toBe(true);
  await client.call('container_clusters.delete', { params });
  expect((await refusalOf(client.call('container_clusters.get', { params }))).status).toBe(404);
});

test('profiles assign labels or restrict the choice of them', async () => {
  const client = pce().client();
  const app = await makeLabel(client, 'app', 'Shop');
  const [dev, prod] = [
    await makeLabel(client, 'env', 'Dev'),
    await makeLabel(client, 'env', 'Prod'),
  ];
  const cluster = await client.call('container_clusters.create', { body: { name: 'profiles' } });
  const params = { id: idOf(cluster) };
  const profile = await client.call('container_workload_profiles.create', {
    params,
    body: {
      name: 'Shop',
      managed: true,
      labels: [
        { key: 'app', assignment: refOf(app) },
        { key: 'env', restriction: [refOf(dev), refOf(prod)] },
      ],
    },
  });
  expect(profile).toMatchObject({
    managed: true,
    labels: [
      { key: 'app', assignment: { value: 'Shop' } },
      { key: 'env', restriction: [{ value: 'Dev' }, { value: 'Prod' }] },
    ],
    assign_labels: [{ href: app.href }],
  });
  const own = { ...params, profile_id: idOf(profile) };
  await client.call('container_workload_profiles.update', {
    params: own,
    body: { enforcement_mode: 'full', assign_labels: [refOf(prod)] },
  });
  expect(await client.call('container_workload_profiles.get', { params: own })).toMatchObject({
    name: 'Shop',
    enforcement_mode: 'full',
    labels: [{ key: 'env', assignment: { value: 'Prod' } }],
  });
  const unknown = client.call('container_workload_profiles.update', {
    params: own,
    body: { assign_labels: [{ href: `/orgs/${pce().orgId}/labels/99999` }] },
  });
  expect((await refusalOf(unknown)).has('invalid_uri')).toBe(true);
  await client.call('container_workload_profiles.delete', { params: own });
  const left = await client.call('container_workload_profiles.list', { params });
  expect(left.total).toBe(1);
});
