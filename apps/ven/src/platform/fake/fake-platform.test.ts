import { describePlatform } from '../port.conformance.ts';
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
    tamper: async () => platform.tamper('a test'),
    dispose: () => platform.close(),
  };
});
