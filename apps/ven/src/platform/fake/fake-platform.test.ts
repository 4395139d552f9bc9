import { describePlatform, RESOLVER } from '../port.conformance.ts';
import { anInterface, createFakePlatform } from './fake-platform.ts';

describePlatform('fake', async () => {
  const platform = createFakePlatform();
  return {
    platform,
    async addAddress(address, prefixLength) {
      const link = anInterface();
      platform.setInterfaces([
        { ...link, addresses: [...link.addresses, { address, prefixLength }] },
      ]);
    },
    resolve: async (name, address) =>
      platform.resolve(
        { name: name.toLowerCase(), addresses: [{ address, ttlSeconds: 300 }] },
        RESOLVER,
      ),
    tamper: async () => platform.tamper('a test'),
    dispose: () => platform.close(),
  };
});
