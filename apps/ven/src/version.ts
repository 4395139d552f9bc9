/** Version of the VEN, `X.Y.Z-BUILD`, as it is reported to the PCE. */
export const VEN_VERSION = '23.2.0-161';
