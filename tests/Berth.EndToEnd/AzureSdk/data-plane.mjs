// @azure/container-registry as it comes: an image is uploaded, looked at, locked, downloaded and deleted.
import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { ContainerRegistryClient, ContainerRegistryContentClient, KnownManifestMediaType } from '@azure/container-registry';
import { all, arm, credential, options, registry, repository, subscription } from './server.mjs';

const endpoint = `https://${registry}`;
const client = new ContainerRegistryClient(endpoint, credential, options);
const content = new ContainerRegistryContentClient(endpoint, repository, credential, options);

async function push(tag, text) {
  const config = await content.uploadBlob(Buffer.from(JSON.stringify({ architecture: 'arm64', os: 'linux', text })));
  const layer = await content.uploadBlob(Readable.from([Buffer.from(text), Buffer.alloc(9_000_000, text)]));
  assert.equal(layer.sizeInBytes, text.length + 9_000_000);
  const manifest = {
    schemaVersion: 2,
    mediaType: KnownManifestMediaType.OciImageManifest,
    config: { digest: config.digest, size: config.sizeInBytes, mediaType: 'application/vnd.oci.image.config.v1+json' },
    layers: [{ digest: layer.digest, size: layer.sizeInBytes, mediaType: 'application/vnd.oci.image.layer.v1.tar' }],
  };
  return { manifest, layer, digest: (await content.setManifest(manifest, { tag })).digest };
}

async function setPublic(anonymousPullEnabled) {
  const { token } = await credential.getToken(`${arm}/.default`);
  const path = `/subscriptions/${subscription}/resourceGroups/default/providers/Microsoft.ContainerRegistry/registries/${registry.split('.')[0]}`;
  const answer = await fetch(`${arm.replace(/\/$/, '')}${path}?api-version=2025-11-01`, {
    method: 'PATCH', headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' }, body: JSON.stringify({ properties: { anonymousPullEnabled } }),
  });
  assert.equal(answer.status, 200);
}

async function read(stream) {
  const pieces = [];
  for await (const piece of stream) pieces.push(piece);
  return Buffer.concat(pieces);
}

const first = await push('v1', 'one');
const second = await push('v2', 'two');

// What is there.
assert.ok((await all(client.listRepositoryNames())).includes(repository));
const pages = await all(client.listRepositoryNames().byPage({ maxPageSize: 1 }));
assert.ok(pages.every(page => page.length <= 1) && pages.flat().includes(repository));
const repo = client.getRepository(repository);
const properties = await repo.getProperties();
assert.deepEqual([properties.name, properties.manifestCount, properties.tagCount, properties.canWrite, properties.canDelete], [repository, 2, 2, true, true]);
assert.ok(properties.createdOn instanceof Date && properties.lastUpdatedOn >= properties.createdOn);

const artifact = repo.getArtifact('v1');
const tagNames = async order => (await all(artifact.listTagProperties({ order }))).map(each => each.name);

// The SDK says that these are the image's own; what it asks for are all of the repository.
assert.deepEqual(await tagNames('LastUpdatedOnAscending'), ['v1', 'v2']);
assert.deepEqual(await tagNames('LastUpdatedOnDescending'), ['v2', 'v1']);
const manifests = async order => (await all(repo.listManifestProperties({ order }))).map(each => each.digest);
assert.deepEqual(await manifests('LastUpdatedOnAscending'), [first.digest, second.digest]);
assert.deepEqual(await manifests('LastUpdatedOnDescending'), [second.digest, first.digest]);
const small = await all(repo.listManifestProperties({ order: 'LastUpdatedOnDescending' }).byPage({ maxPageSize: 1 }));
assert.deepEqual(small.map(page => page.map(each => each.digest)), [[second.digest], [first.digest]]);
const manifest = await artifact.getManifestProperties();
assert.deepEqual(
  [manifest.digest, manifest.tags, manifest.architecture, manifest.operatingSystem, manifest.registryLoginServer, manifest.sizeInBytes],
  [first.digest, ['v1'], 'arm64', 'linux', registry, first.manifest.config.size + first.layer.sizeInBytes]);
const tag = await artifact.getTagProperties('v1');
assert.deepEqual([tag.name, tag.digest, tag.canRead], ['v1', first.digest, true]);

// Locks.
assert.equal((await repo.updateProperties({ canWrite: false })).canWrite, false);
await assert.rejects(push('v3', 'three'), error => error.statusCode === 409);
assert.equal((await repo.updateProperties({ canWrite: true })).canWrite, true);
assert.equal((await artifact.updateTagProperties('v1', { canDelete: false })).canDelete, false);
await assert.rejects(artifact.deleteTag('v1'), error => error.statusCode === 409);
assert.equal((await artifact.updateTagProperties('v1', { canDelete: true })).canDelete, true);
assert.equal((await artifact.updateManifestProperties({ canDelete: false })).canDelete, false);
await assert.rejects(artifact.delete(), error => error.statusCode === 409);
assert.equal((await artifact.updateManifestProperties({ canDelete: true })).canDelete, true);

// The content, by tag and by digest.
for (const reference of ['v1', first.digest]) {
  const got = await content.getManifest(reference);
  assert.deepEqual([got.digest, got.mediaType, got.manifest], [first.digest, KnownManifestMediaType.OciImageManifest, first.manifest]);
}
const layer = await content.downloadBlob(first.layer.digest);
assert.ok((await read(layer.content)).equals(Buffer.concat([Buffer.from('one'), Buffer.alloc(9_000_000, 'one')])));
await assert.rejects(content.getManifest('absent'), error => error.statusCode === 404);

// Nobody is refused with a word that says so.
const nobody = new ContainerRegistryClient(endpoint, options);
const theirs = nobody.getRepository(repository).getArtifact('v1');
for (const refused of [() => all(nobody.listRepositoryNames()), () => theirs.getManifestProperties(), () => theirs.delete()]) {
  await assert.rejects(refused, error => error.statusCode === 401 && /are needed for a token/.test(error.message));
}

// What is public is read without one.
await setPublic(true);
assert.equal((await theirs.getManifestProperties()).digest, first.digest);
await assert.rejects(theirs.delete(), error => error.statusCode === 401);
await setPublic(false);
await assert.rejects(theirs.getManifestProperties(), error => error.statusCode === 401);

// Away.
await artifact.deleteTag('v1');
assert.deepEqual((await all(repo.getArtifact('v2').listTagProperties())).map(each => each.name), ['v2']);
await assert.rejects(artifact.getTagProperties('v1'), error => error.statusCode === 404);
await content.deleteManifest(first.digest);
await content.deleteBlob(first.layer.digest);
assert.equal((await repo.getProperties()).manifestCount, 1);
await client.deleteRepository(repository);
assert.ok(!(await all(client.listRepositoryNames())).includes(repository));
await assert.rejects(repo.getProperties(), error => error.statusCode === 404);
console.log('done');
