// Who the tests are, and where the server is: from the environment, which the test sets.
import { ClientSecretCredential } from '@azure/identity';

const { BERTH_TENANT, BERTH_CLIENT, BERTH_SECRET, BERTH_LOGIN } = process.env;

export const { BERTH_ARM: arm, BERTH_SUBSCRIPTION: subscription, BERTH_REGISTRY: registry, BERTH_REPOSITORY: repository } = process.env;

export const credential = new ClientSecretCredential(BERTH_TENANT, BERTH_CLIENT, BERTH_SECRET, { authorityHost: BERTH_LOGIN, disableInstanceDiscovery: true });

// What fails is to fail at once.
export const options = { retryOptions: { maxRetries: 0 } };

export async function all(iterator) {
  const found = [];
  for await (const entry of iterator) found.push(entry);
  return found;
}
