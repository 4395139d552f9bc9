/** The API release whose clients we serve; they gate on it. Our own version is the engineering information. */
const RELEASE = '23.2.0';
const BUILD = 161;
const OWN_VERSION = '0.1.0';

export const PRODUCT_VERSION = {
  version: RELEASE,
  build: BUILD,
  long_display: `${RELEASE}-${BUILD}`,
  short_display: RELEASE,
  release_info: '',
  engineering_info: `Bulkhead ${OWN_VERSION}`,
  product_name: 'Bulkhead PCE',
};
